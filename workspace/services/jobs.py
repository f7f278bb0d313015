"""Job runs: start, poll, cancel, repair. No run that was started is lost: its id is known before any wait."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from workspace.models import RunHandle, RunOutcome, TaskOutput
from workspace.redaction import redact
from workspace.sdk import translated
from workspace.services.rest import get_json, get_pages
from workspace.services.run_states import Json, run_outcome, task_outcomes
from workspace.services.task_outputs import outputs_of_tasks, task_outputs

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

__all__ = [
    "cancel_run",
    "idempotency_token",
    "known_run",
    "latest_repair",
    "outputs_of_run",
    "poll_run",
    "repair_run",
    "start_run",
    "task_outputs",
]

RUN_PATH = "/api/2.2/jobs/runs/get"
_TOKEN_LENGTH = 64


def idempotency_token(operation: str, resource: str, iteration: int) -> str:
    """Return the token of one iteration: the same call repeated after a crash finds its run instead of starting one."""
    whole = f"{operation}:{resource}:{iteration}"
    if len(whole) <= _TOKEN_LENGTH:
        return whole
    return f"{whole[:31]}:{hashlib.sha256(whole.encode()).hexdigest()[:32]}"


def start_run(
    client: WorkspaceClient,
    job_id: str,
    idempotency_token: str,
    *,
    resource: str,
    iteration: int,
    parameters: Mapping[str, str] | None = None,
) -> RunHandle:
    """Start a run of the job, or find the one that this token has started already.

    Raises:
        WorkspaceRequestError: the job cannot be started.
    """
    with translated(f"starting {resource}"):
        waiter = client.jobs.run_now(
            int(job_id),
            idempotency_token=idempotency_token,
            job_parameters=dict(parameters) if parameters else None,
        )
    response: Any = waiter.response
    run_id = str(response.run_id)
    return RunHandle(
        resource=resource,
        iteration=iteration,
        kind="job",
        parent_id=job_id,
        run_id=run_id,
        url=_run_url(client, job_id, run_id),
    )


def known_run(client: WorkspaceClient, run_id: str) -> RunHandle:
    """Return a run that somebody else started.

    Raises:
        WorkspaceRequestError: there is no such run, or it may not be read.
    """
    run = read_run(client, run_id)
    job_id = str(run.get("job_id") or "")
    name = redact(str(run.get("run_name") or ""))
    return RunHandle(
        resource=f"run {run_id} of {name}" if name else f"run {run_id}",
        iteration=1,
        kind="job",
        parent_id=job_id,
        run_id=run_id,
        url=str(run.get("run_page_url") or _run_url(client, job_id, run_id)),
    )


def outputs_of_run(client: WorkspaceClient, run_id: str) -> tuple[TaskOutput, ...]:
    """Return the outputs of the tasks of a run that have ended; the run itself may be active.

    Raises:
        WorkspaceRequestError: there is no such run, or it may not be read.
    """
    return outputs_of_tasks(client, task_outcomes(read_run(client, run_id)["tasks"]), run_id)


def poll_run(client: WorkspaceClient, handle: RunHandle) -> RunOutcome | None:
    """Return how the run ended, None while it is active.

    Raises:
        WorkspaceRequestError: the state cannot be read; `transient` tells whether to look again.
    """
    return run_outcome(handle, read_run(client, handle.run_id))


def cancel_run(client: WorkspaceClient, handle: RunHandle) -> None:
    """Ask for the run's cancellation; it ends as canceled some seconds later."""
    with translated(f"canceling run {handle.run_id}"):
        client.jobs.cancel_run(int(handle.run_id))


def repair_run(client: WorkspaceClient, handle: RunHandle) -> int:
    """Run the failed tasks of an ended run again, within the same run, and return the repair's id.

    Repairs take no token: whoever may be resuming after a crash looks at `latest_repair` first.
    """
    with translated(f"repairing run {handle.run_id}"):
        waiter = client.jobs.repair_run(
            int(handle.run_id),
            rerun_all_failed_tasks=True,
            latest_repair_id=latest_repair(client, handle),
        )
    response: Any = waiter.response
    return int(response.repair_id)


def latest_repair(client: WorkspaceClient, handle: RunHandle) -> int | None:
    """Return the id of the run's newest repair, None when it was never repaired."""
    query = {"run_id": handle.run_id, "include_history": "true"}
    run = get_json(client, RUN_PATH, query, f"reading the repairs of run {handle.run_id}")
    ids = [
        entry["id"] for entry in run.get("repair_history") or [] if entry.get("type") == "REPAIR" and entry.get("id")
    ]
    return int(ids[-1]) if ids else None


def read_run(client: WorkspaceClient, run_id: str) -> Json:
    """Return the run as JSON with the tasks of all pages."""
    pages = list(get_pages(client, RUN_PATH, {"run_id": run_id}, f"reading run {run_id}"))
    tasks: list[Any] = [task for page in pages for task in page.get("tasks") or []]
    return {**pages[0], "tasks": tasks}


def _run_url(client: WorkspaceClient, job_id: str, run_id: str) -> str:
    workspace = client.config.workspace_id
    return f"{client.config.host}/jobs/{job_id}/runs/{run_id}" + (f"?o={workspace}" if workspace else "")
