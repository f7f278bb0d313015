"""Runs of jobs."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from sandbox.api.context import Json, Sandbox, Services, User
from sandbox.api.cursors import HasPages, array_pages, has_more, records_page, tokens
from sandbox.api.jobs import required_id
from sandbox.errors import ApiError
from sandbox.job_settings import checked_settings
from sandbox.ledger import RunRequest
from sandbox.records import JobRecord, RunRecord, new_id, now_ms
from sandbox.repairs import RepairRequest
from sandbox.store import Query

router = APIRouter()
_TOKEN_LIMIT = 64
_PAGE_LIMIT = 25
_ARRAYS = ("tasks", "iterations", "job_clusters", "job_parameters", "repair_history")
_RUN_TYPES = ("JOB_RUN", "SUBMIT_RUN", "WORKFLOW_RUN")
_OVERRIDES = (
    *("notebook_params", "python_params", "jar_params", "sql_params", "python_named_params"),
    *("pipeline_params", "dbt_commands", "spark_submit_params"),
)


@router.post("/run-now")
def run_now(sandbox: Sandbox, user: User, body: Json) -> dict[str, Any]:
    """Start a run of a job."""
    job = sandbox.ledger.job(required_id(body, "job_id"))
    request = RunRequest(
        job_parameters=_texts(body.get("job_parameters"), "job_parameters"),
        overriding_parameters=_overriding(body),
        only=tuple(body.get("only") or ()),
        idempotency_token=_token(body),
        queue=(body.get("queue") or {}).get("enabled"),
        user_name=user,
    )
    run = sandbox.runs.start(job, request)
    return {"run_id": run.run_id, "number_in_job": run.run_id}


@router.post("/runs/submit")
def submit(sandbox: Sandbox, user: User, body: Json) -> dict[str, Any]:
    """Start a one-time run, of tasks that belong to no job."""
    if not body.get("tasks"):
        raise ApiError.invalid("At least one task must be specified in tasks.")
    left_out = {"run_name", "idempotency_token", "access_control_list"}
    settings = {name: value for name, value in body.items() if name not in left_out}
    name = body.get("run_name") or "Untitled"
    job = JobRecord(
        job_id=new_id(),
        creator_user_name=user,
        created_time=now_ms(),
        settings=checked_settings(settings | {"name": name}),
    )
    run = sandbox.runs.start(job, RunRequest(idempotency_token=_token(body), run_type="SUBMIT_RUN", user_name=user))
    return {"run_id": run.run_id}


@router.get("/runs/get")
def get(
    sandbox: Sandbox,
    run_id: int,
    has_pages: HasPages,
    *,
    include_history: bool = False,
    include_resolved_values: bool = False,
    page_token: str | None = None,
) -> dict[str, Any]:
    """A run with its tasks, or one task run; one of a for_each_task with its iterations."""
    task = sandbox.ledger.tasks.find(run_id)
    if task is not None:
        run = sandbox.ledger.run(task.parent_run_id)
        iterations = sandbox.ledger.iterations_of(run_id)
        shown = sandbox.view.task_run(run, task, iterations, resolved=include_resolved_values)
    else:
        run = sandbox.ledger.run(run_id)
        tasks = sandbox.ledger.tasks_of(run_id, all_attempts=include_history)
        shown = sandbox.view.run(run, tasks, resolved=include_resolved_values)
        if run.repairs or include_history:
            shown["repair_history"] = sandbox.view.history(run, tasks)
    if not has_pages:
        return shown
    arrays, more = array_pages({name: shown[name] for name in _ARRAYS if name in shown}, page_token)
    return shown | arrays | more


@router.get("/runs/list")
def list_runs(  # noqa: PLR0913  query parameters
    sandbox: Sandbox,
    has_pages: HasPages,
    *,
    job_id: int | None = None,
    active_only: bool = False,
    completed_only: bool = False,
    expand_tasks: bool = False,
    run_type: str | None = None,
    limit: int = 20,
    page_token: str | None = None,
    start_time_from: int | None = None,
    start_time_to: int | None = None,
) -> dict[str, Any]:
    """Runs, newest first, a page at a time."""
    if active_only and completed_only:
        raise ApiError.invalid("active_only and completed_only cannot both be true.")
    if run_type not in {None, *_RUN_TYPES}:
        raise ApiError.invalid(f"run_type must be one of {', '.join(_RUN_TYPES)}, but is {run_type}.")
    query = Query(
        owner=job_id,
        active=True if active_only else False if completed_only else None,
        equal={"$.run_type": run_type} if run_type else {},
        least={"$.created_time": start_time_from} if start_time_from is not None else {},
        most={"$.created_time": start_time_to} if start_time_to is not None else {},
    )
    page = records_page(sandbox.ledger.runs, query, min(limit, _PAGE_LIMIT) or _PAGE_LIMIT, page_token)
    runs = [
        _expanded(sandbox, run, has_pages=has_pages) if expand_tasks else sandbox.view.base_run(run)
        for run in page.records
    ]
    return ({"runs": runs} if runs else {}) | tokens(page)


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
    """Cancel all active runs of a job; with `all_queued_runs` those that are queued, of a job or of all."""
    only_queued = bool(body.get("all_queued_runs"))
    job_id = required_id(body, "job_id") if body.get("job_id") or not only_queued else None
    if job_id is not None:
        sandbox.ledger.job(job_id)
    for run in sandbox.ledger.runs.list(owner=job_id, active=True):
        if not only_queued or run.state.life_cycle_state == "QUEUED":
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
        overriding_parameters=_overriding(body),
    )
    return {"repair_id": sandbox.runs.repair(required_id(body, "run_id"), request)}


@router.post("/runs/delete")
def delete(sandbox: Sandbox, body: Json) -> dict[str, Any]:
    """Forget a run that has ended."""
    run = sandbox.ledger.run(required_id(body, "run_id"))
    if run.active:
        raise ApiError.invalid_state(f"Run {run.run_id} is active and cannot be deleted.")
    sandbox.ledger.forget_run(run)
    return {}


@router.get("/runs/export")
def export(sandbox: Sandbox, run_id: int) -> dict[str, Any]:
    """Pages of notebooks with their results: what the sandbox does not keep."""
    if sandbox.ledger.tasks.find(run_id) is None:
        sandbox.ledger.run(run_id)
    raise ApiError.not_served("the export of runs as web pages; runs/get-output has the results")


def _expanded(sandbox: Services, run: RunRecord, *, has_pages: bool) -> dict[str, Any]:
    shown = sandbox.view.run(run, sandbox.ledger.tasks_of(run.run_id))
    if not has_pages:
        return shown
    arrays = {name: shown[name] for name in _ARRAYS if name in shown}
    cut, _ = array_pages(arrays, None)
    return shown | cut | ({"has_more": True} if has_more(arrays) else {})


def _overriding(body: dict[str, Any]) -> dict[str, Any]:
    return {name: body[name] for name in _OVERRIDES if body.get(name)}


def _token(body: dict[str, Any]) -> str | None:
    token = body.get("idempotency_token") or None
    if token and len(token) > _TOKEN_LIMIT:
        raise ApiError.invalid(f"idempotency_token must have at most {_TOKEN_LIMIT} characters.")
    return token


def _texts(values: Any, name: str) -> dict[str, str]:
    if not isinstance(values or {}, dict):
        raise ApiError.invalid(f"{name} must be a map from names to values.")
    return {str(key): str(value) for key, value in (values or {}).items()}
