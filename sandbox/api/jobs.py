"""Jobs: create, read, change, delete."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from sandbox.api.context import Json, Sandbox, User
from sandbox.api.cursors import HasPages, array_pages, has_more, records_page, tokens
from sandbox.errors import ApiError
from sandbox.job_changes import changed_settings
from sandbox.job_settings import checked_settings
from sandbox.records import JobRecord, new_id, now_ms
from sandbox.store import Query

router = APIRouter()
_ARRAYS = ("tasks", "job_clusters", "parameters", "environments")
_NOT_LISTED = frozenset(_ARRAYS)
_PAGE_LIMIT = 100


@router.post("/create")
def create(sandbox: Sandbox, user: User, body: Json) -> dict[str, Any]:
    """Create a job."""
    settings = checked_settings({name: value for name, value in body.items() if name != "access_control_list"})
    job = JobRecord(job_id=new_id(), creator_user_name=user, created_time=now_ms(), settings=settings)
    sandbox.ledger.jobs.add(job)
    return {"job_id": job.job_id}


@router.get("/get")
def get(sandbox: Sandbox, job_id: int, has_pages: HasPages, page_token: str | None = None) -> dict[str, Any]:
    """One job."""
    job = sandbox.ledger.job(job_id)
    shown = _shown(job) | {"run_as_user_name": job.run_as, "run_as_owner": job.run_as == job.creator_user_name}
    if not has_pages:
        return shown
    arrays, more = array_pages(_arrays(shown), page_token)
    return shown | {"settings": shown["settings"] | arrays} | more


@router.get("/list")
def list_jobs(
    sandbox: Sandbox,
    has_pages: HasPages,
    *,
    name: str | None = None,
    limit: int = 20,
    page_token: str | None = None,
    expand_tasks: bool = False,
) -> dict[str, Any]:
    """Jobs, newest first, a page at a time."""
    if not 0 <= limit <= _PAGE_LIMIT:
        raise ApiError.invalid(f"limit must be between 1 and {_PAGE_LIMIT}, but is {limit}.")
    query = Query(equal={"$.settings.name": name} if name is not None else {})
    page = records_page(sandbox.ledger.jobs, query, limit or _PAGE_LIMIT, page_token)
    jobs = [_listed(job, expanded=expand_tasks, has_pages=has_pages) for job in page.records]
    return ({"jobs": jobs} if jobs else {}) | tokens(page)


@router.post("/reset")
def reset(sandbox: Sandbox, body: Json) -> dict[str, Any]:
    """Replace all settings of a job."""
    job = sandbox.ledger.job(required_id(body, "job_id"))
    job.settings = checked_settings(body.get("new_settings") or {})
    sandbox.ledger.jobs.save(job)
    return {}


@router.post("/update")
def update(sandbox: Sandbox, body: Json) -> dict[str, Any]:
    """Change some settings of a job; arrays are merged by the keys of their elements."""
    job = sandbox.ledger.job(required_id(body, "job_id"))
    changed = changed_settings(job.settings, body.get("new_settings") or {}, body.get("fields_to_remove") or [])
    job.settings = checked_settings(changed)
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


def _shown(job: JobRecord) -> dict[str, Any]:
    return job.model_dump(mode="json")


def _arrays(job: dict[str, Any]) -> dict[str, list[Any]]:
    return {name: job["settings"][name] for name in _ARRAYS if name in job["settings"]}


def _listed(job: JobRecord, *, expanded: bool, has_pages: bool) -> dict[str, Any]:
    shown = _shown(job)
    if not expanded:
        kept = {name: value for name, value in shown["settings"].items() if name not in _NOT_LISTED}
        return shown | {"settings": kept}
    if not has_pages:
        return shown
    arrays = _arrays(shown)
    cut, _ = array_pages(arrays, None)
    return shown | {"settings": shown["settings"] | cut} | ({"has_more": True} if has_more(arrays) else {})
