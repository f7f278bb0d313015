"""Jobs: create, read, change, delete."""

from __future__ import annotations

import base64
from typing import Any

from fastapi import APIRouter

from sandbox.api.context import Json, Sandbox
from sandbox.errors import ApiError
from sandbox.job_settings import checked_settings
from sandbox.layout import USER_NAME
from sandbox.records import JobRecord, new_id, now_ms

router = APIRouter()


@router.post("/create")
def create(sandbox: Sandbox, body: Json) -> dict[str, Any]:
    """Create a job."""
    settings = checked_settings({name: value for name, value in body.items() if name != "access_control_list"})
    job = JobRecord(job_id=new_id(), creator_user_name=USER_NAME, created_time=now_ms(), settings=settings)
    sandbox.ledger.jobs.add(job)
    return {"job_id": job.job_id}


@router.get("/get")
def get(sandbox: Sandbox, job_id: int) -> dict[str, Any]:
    """One job."""
    return _shown(sandbox.ledger.job(job_id)) | {"run_as_user_name": USER_NAME, "run_as_owner": True}


@router.get("/list")
def list_jobs(
    sandbox: Sandbox,
    name: str | None = None,
    limit: int = 20,
    page_token: str | None = None,
    expand_tasks: bool = False,  # noqa: FBT001, FBT002  a query parameter
) -> dict[str, Any]:
    """Jobs, newest first, a page at a time."""
    jobs = [job for job in sandbox.ledger.jobs.list() if name is None or job.name.lower() == name.lower()]
    shown = [_shown(job) for job in jobs]
    if not expand_tasks:
        hidden = {"tasks", "job_clusters", "environments", "parameters"}
        for job in shown:
            job["settings"] = {key: value for key, value in job["settings"].items() if key not in hidden}
    return paged("jobs", shown, limit, page_token)


@router.post("/reset")
def reset(sandbox: Sandbox, body: Json) -> dict[str, Any]:
    """Replace all settings of a job."""
    job = sandbox.ledger.job(required_id(body, "job_id"))
    job.settings = checked_settings(body.get("new_settings") or {})
    sandbox.ledger.jobs.save(job)
    return {}


@router.post("/update")
def update(sandbox: Sandbox, body: Json) -> dict[str, Any]:
    """Change some settings of a job; tasks are merged by their keys."""
    job = sandbox.ledger.job(required_id(body, "job_id"))
    changes = body.get("new_settings") or {}
    kept = {name: value for name, value in job.settings.items() if name not in (body.get("fields_to_remove") or ())}
    if "tasks" in changes:
        changed = {task.get("task_key"): task for task in changes["tasks"]}
        kept_tasks = [task for task in kept.get("tasks") or () if task["task_key"] not in changed]
        changes = changes | {"tasks": [*kept_tasks, *changed.values()]}
    job.settings = checked_settings(kept | changes)
    sandbox.ledger.jobs.save(job)
    return {}


@router.post("/delete")
def delete(sandbox: Sandbox, body: Json) -> dict[str, Any]:
    """Delete a job; its runs stay readable."""
    job = sandbox.ledger.job(required_id(body, "job_id"))
    for run in sandbox.ledger.runs.list(owner=job.job_id, active=True):
        sandbox.runs.cancel(run.run_id)
    sandbox.ledger.jobs.remove(job.job_id)
    return {}


def required_id(body: dict[str, Any], name: str) -> int:
    """A whole number that the request must have; text is accepted, as by the API."""
    try:
        return int(body[name])
    except KeyError as error:
        raise ApiError.invalid(f"Missing required field: {name}") from error
    except (TypeError, ValueError) as error:
        raise ApiError.invalid(f"{name} must be a number, but is {body[name]!r}.") from error


def paged(name: str, items: list[dict[str, Any]], limit: int, page_token: str | None) -> dict[str, Any]:
    """One page of a list, with the token of the next."""
    try:
        first = int(base64.urlsafe_b64decode(page_token)) if page_token else 0
    except ValueError as error:
        raise ApiError.invalid("page_token is invalid.") from error
    page = items[first : first + limit]
    shown: dict[str, Any] = {name: page} if page else {}
    shown["has_more"] = first + limit < len(items)
    if shown["has_more"]:
        shown["next_page_token"] = base64.urlsafe_b64encode(str(first + limit).encode()).decode()
    return shown


def _shown(job: JobRecord) -> dict[str, Any]:
    return job.model_dump(mode="json")
