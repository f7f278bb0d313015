"""How jobs and pipelines went last, and whether the workspace will start them again by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from workspace.errors import WorkspaceRequestError
from workspace.model import Model
from workspace.models import RunResult
from workspace.redaction import redact
from workspace.services.rest import get_json
from workspace.services.run_states import message_of, result_of

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

Json = Mapping[str, Any]
TRIGGERS = ("schedule", "trigger", "continuous")
_LOOK_BACK = 20
_UPDATES = {"COMPLETED": RunResult.SUCCESS, "FAILED": RunResult.FAILED, "CANCELED": RunResult.CANCELED}


class LastRuns(Model):
    """The newest ended run of a job or pipeline, the newest that succeeded, and what is paused."""

    exists: bool = True
    """False when the workspace no longer knows the job or pipeline."""
    result: RunResult | None = None
    """None when none has ended yet."""
    ended_ms: int = 0
    message: str = ""
    url: str = ""
    succeeded_ms: int = 0
    """End of the newest success among the newest runs, 0 when there is none."""
    paused: tuple[str, ...] = ()
    """Triggers that are paused in the workspace: schedule, trigger, continuous."""


def last_job_runs(client: WorkspaceClient, job_id: str) -> LastRuns:
    """Return how the job went last.

    Raises:
        WorkspaceRequestError: the question was refused; a job that is gone is an answer.
    """
    job = _known(client, "/api/2.2/jobs/get", {"job_id": job_id}, f"reading job {job_id}")
    if job is None:
        return LastRuns(exists=False)
    query = {"job_id": job_id, "completed_only": "true", "limit": _LOOK_BACK}
    runs = get_json(client, "/api/2.2/jobs/runs/list", query, f"reading the runs of job {job_id}").get("runs") or []
    settings = job.get("settings") or {}
    paused = tuple(kind for kind in TRIGGERS if (settings.get(kind) or {}).get("pause_status") == "PAUSED")
    successes = [_ended(run) for run in runs if result_of(run) is RunResult.SUCCESS]
    if not runs:
        return LastRuns(paused=paused)
    return LastRuns(
        result=result_of(runs[0]),
        ended_ms=_ended(runs[0]),
        message=message_of(runs[0]),
        url=str(runs[0].get("run_page_url") or ""),
        succeeded_ms=max(successes, default=0),
        paused=paused,
    )


def last_updates(client: WorkspaceClient, pipeline_id: str) -> LastRuns:
    """Return how the pipeline went last; updates that only validate count as little as they do.

    Raises:
        WorkspaceRequestError: the question was refused; a pipeline that is gone is an answer.
    """
    path = f"/api/2.0/pipelines/{pipeline_id}"
    pipeline = _known(client, path, {}, f"reading pipeline {pipeline_id}")
    if pipeline is None:
        return LastRuns(exists=False)
    query = {"max_results": _LOOK_BACK}
    updates = get_json(client, f"{path}/updates", query, f"reading the updates of {pipeline_id}").get("updates") or []
    ended = [one for one in updates if one.get("state") in _UPDATES and not one.get("validate_only")]
    ended.sort(key=lambda one: int(one.get("creation_time") or 0), reverse=True)
    if not ended:
        return LastRuns()
    newest = ended[0]
    host = str(client.config.host or "")
    return LastRuns(
        result=_UPDATES[newest["state"]],
        ended_ms=_updated(newest),
        message=redact(str(pipeline.get("cause") or "")),
        url=f"{host}/#joblist/pipelines/{pipeline_id}/updates/{newest.get('update_id')}",
        succeeded_ms=max((_updated(one) for one in ended if one["state"] == "COMPLETED"), default=0),
    )


def _known(client: WorkspaceClient, path: str, query: Json, doing: str) -> Json | None:
    """Return the answer, None when there is no such thing; jobs say so with 400."""
    try:
        return get_json(client, path, query, doing)
    except WorkspaceRequestError as error:
        if error.status == 404 or "does not exist" in str(error):
            return None
        raise


def _ended(run: Json) -> int:
    return int(run.get("end_time") or run.get("start_time") or 0)


def _updated(update: Json) -> int:
    """Real workspaces tell when an update began; when it ended, only some do."""
    return int(update.get("end_time") or update.get("creation_time") or 0)
