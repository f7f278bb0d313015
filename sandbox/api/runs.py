"""Runs of jobs."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from sandbox.api.context import Json, Sandbox
from sandbox.api.jobs import paged, required_id
from sandbox.errors import ApiError
from sandbox.ledger import RunRequest
from sandbox.repairs import RepairRequest

router = APIRouter()
_TOKEN_LIMIT = 64
_PAGE_LIMIT = 25
_OVERRIDES = ("notebook_params", "python_params", "jar_params", "sql_params", "python_named_params")


@router.post("/run-now")
def run_now(sandbox: Sandbox, body: Json) -> dict[str, Any]:
    """Start a run of a job."""
    job = sandbox.ledger.job(required_id(body, "job_id"))
    token = body.get("idempotency_token") or None
    if token and len(token) > _TOKEN_LIMIT:
        raise ApiError.invalid(f"idempotency_token must have at most {_TOKEN_LIMIT} characters.")
    request = RunRequest(
        job_parameters=_texts(body.get("job_parameters"), "job_parameters"),
        overriding_parameters={name: body[name] for name in _OVERRIDES if body.get(name)},
        only=tuple(body.get("only") or ()),
        idempotency_token=token,
        queue=(body.get("queue") or {}).get("enabled"),
    )
    run = sandbox.runs.start(job, request)
    return {"run_id": run.run_id, "number_in_job": run.run_id}


@router.get("/runs/get")
def get(
    sandbox: Sandbox,
    run_id: int,
    include_history: bool = False,  # noqa: FBT001, FBT002  a query parameter
) -> dict[str, Any]:
    """A run with its tasks, or one task run."""
    task = sandbox.ledger.tasks.find(run_id)
    if task is not None:
        run = sandbox.ledger.run(task.parent_run_id)
        return sandbox.view.task_run(run, task) | {"tasks": [sandbox.view.task(run, task)]}
    run = sandbox.ledger.run(run_id)
    tasks = sandbox.ledger.tasks_of(run_id, all_attempts=include_history)
    return sandbox.view.run(run, tasks, with_history=include_history)


@router.get("/runs/list")
def list_runs(  # noqa: PLR0913  query parameters
    sandbox: Sandbox,
    *,
    job_id: int | None = None,
    active_only: bool = False,
    completed_only: bool = False,
    expand_tasks: bool = False,
    limit: int = 20,
    page_token: str | None = None,
    start_time_from: int = 0,
    start_time_to: int = 2**63,
) -> dict[str, Any]:
    """Runs, newest first, a page at a time."""
    if active_only and completed_only:
        raise ApiError.invalid("active_only and completed_only cannot both be true.")
    active = True if active_only else False if completed_only else None
    runs = sandbox.ledger.runs.list(owner=job_id, active=active)
    chosen = [run for run in runs if start_time_from <= run.created_time <= start_time_to]
    shown = paged(
        "runs", [sandbox.view.base_run(run) for run in chosen], min(limit, _PAGE_LIMIT) or _PAGE_LIMIT, page_token
    )
    if expand_tasks:
        known = {run.run_id: run for run in chosen}
        for item in shown.get("runs", ()):
            run = known[item["run_id"]]
            item["tasks"] = [sandbox.view.task(run, task) for task in sandbox.ledger.tasks_of(run.run_id)]
    return shown


@router.get("/runs/get-output")
def get_output(sandbox: Sandbox, run_id: int) -> dict[str, Any]:
    """Output of a task run."""
    task = sandbox.ledger.tasks.find(run_id)
    if task is None:
        sandbox.ledger.run(run_id)
        raise ApiError.invalid(
            "Retrieving the output of runs with multiple tasks is not supported. "
            "Please retrieve the output of each individual task run instead."
        )
    return sandbox.view.output(sandbox.ledger.run(task.parent_run_id), task)


@router.post("/runs/cancel")
def cancel(sandbox: Sandbox, body: Json) -> dict[str, Any]:
    """Cancel a run."""
    run_id = required_id(body, "run_id")
    task = sandbox.ledger.tasks.find(run_id)
    sandbox.runs.cancel(task.parent_run_id if task else run_id)
    return {}


@router.post("/runs/cancel-all")
def cancel_all(sandbox: Sandbox, body: Json) -> dict[str, Any]:
    """Cancel all active runs of a job."""
    for run in sandbox.ledger.runs.list(owner=required_id(body, "job_id"), active=True):
        sandbox.runs.cancel(run.run_id)
    return {}


@router.post("/runs/repair")
def repair(sandbox: Sandbox, body: Json) -> dict[str, Any]:
    """Run tasks of a finished run again."""
    request = RepairRequest(
        rerun_all_failed_tasks=bool(body.get("rerun_all_failed_tasks")),
        rerun_tasks=tuple(body.get("rerun_tasks") or ()),
        rerun_dependent_tasks=bool(body.get("rerun_dependent_tasks")),
        latest_repair_id=required_id(body, "latest_repair_id") if body.get("latest_repair_id") else None,
        job_parameters=_texts(body.get("job_parameters"), "job_parameters"),
    )
    return {"repair_id": sandbox.runs.repair(required_id(body, "run_id"), request)}


@router.post("/runs/delete")
def delete(sandbox: Sandbox, body: Json) -> dict[str, Any]:
    """Forget a run that has ended."""
    run = sandbox.ledger.run(required_id(body, "run_id"))
    if run.active:
        raise ApiError.invalid_state(f"Run {run.run_id} is active and cannot be deleted.")
    sandbox.ledger.tasks.remove_owned(run.run_id)
    sandbox.ledger.runs.remove(run.run_id)
    return {}


def _texts(values: Any, name: str) -> dict[str, str]:
    if not isinstance(values or {}, dict):
        raise ApiError.invalid(f"{name} must be a map from names to values.")
    return {str(key): str(value) for key, value in (values or {}).items()}
