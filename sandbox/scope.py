"""What the dynamic value references of one task run stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from sandbox.layout import WORKSPACE_ID
from sandbox.records import RunRecord, TaskRecord
from sandbox.references import Scope, resolve, times
from sandbox.task_types import task_type


def run_scope(run: RunRecord, host: str) -> Scope:
    """References that mean the same in all tasks of a run, but for the job's parameters."""
    started = run.start_time or run.created_time
    values = {
        "job.id": str(run.job_id),
        "job.name": run.run_name,
        "job.run_id": str(run.run_id),
        "job.repair_count": str(len(run.repairs)),
        "job.trigger.type": run.trigger.lower(),
        "workspace.id": str(WORKSPACE_ID),
        "workspace.url": urlsplit(host).netloc,
        "job_id": str(run.job_id),
        "parent_run_id": str(run.run_id),
        "start_time": str(started),
    }
    values |= times("job.start_time", started) | times("job.trigger.time", run.created_time)
    return Scope(values=values | {"start_date": values["job.start_time.iso_date"]})


def job_parameters(run: RunRecord, host: str) -> dict[str, str]:
    """Values of the job's parameters; their defaults may hold references as well."""
    resolved: dict[str, str] = resolve(run.job_parameters, run_scope(run, host))
    return resolved


def task_scope(run: RunRecord, task: TaskRecord, siblings: Mapping[str, TaskRecord], host: str) -> Scope:
    """References within one task run."""
    values = dict(run_scope(run, host).values)
    values |= {f"job.parameters.{name}": value for name, value in job_parameters(run, host).items()}
    values |= {f"task.{name}": value for name, value in _facts(task).items()}
    values |= {"run_id": str(task.run_id), "task_key": task.task_key, "task_retry_count": str(task.attempt_number)}
    for key, other in siblings.items():
        values |= {f"tasks.{key}.{name}": value for name, value in (_facts(other) | _ending(other)).items()}
    return Scope(
        values=values,
        task_values={key: other.values for key, other in siblings.items()},
        task_key=task.task_key,
        has_input=task.loop_run_id is not None,
        input=task.input,
    )


def resolved_body(run: RunRecord, task: TaskRecord, siblings: Mapping[str, TaskRecord], host: str) -> dict[str, Any]:
    """The fields of a task's type without references; what is nested in a for_each_task is each iteration's own.

    Raises:
        UnresolvedError: A reference names a task value that was not set.
    """
    kind = task_type(task.definition)
    body = task.definition.get(kind or "") or {}
    if kind == "for_each_task":
        body = {"inputs": body["inputs"]}
    resolved: dict[str, Any] = resolve(body, task_scope(run, task, siblings, host))
    return resolved


def _facts(task: TaskRecord) -> dict[str, str]:
    path = (task.definition.get("notebook_task") or {}).get("notebook_path", "")
    return {
        "name": task.task_key,
        "run_id": str(task.run_id),
        "execution_count": str(task.attempt_number + 1),
        "notebook_path": path,
    }


def _ending(task: TaskRecord) -> dict[str, str]:
    code = "" if task.state.succeeded else (task.state.code or "").title().replace("_", "")
    alert = (task.output.get("alert_output") or {}).get("alert_state", "")
    return {"result_state": (task.state.result_state or "").lower(), "error_code": code, "output.alert_state": alert}
