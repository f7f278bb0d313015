"""Checks of a job's settings, as the Jobs API makes them when a job is created or changed."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

from sandbox.errors import ApiError

TASK_TYPES = (
    "notebook_task",
    "sql_task",
    "run_job_task",
    "pipeline_task",
    "spark_python_task",
    "python_wheel_task",
    "spark_jar_task",
    "dbt_task",
    "condition_task",
    "for_each_task",
    "dashboard_task",
    "alert_task",
)
_REQUIRED = {
    "notebook_task": "notebook_path",
    "run_job_task": "job_id",
    "pipeline_task": "pipeline_id",
    "spark_python_task": "python_file",
    "sql_task": "warehouse_id",
}
_RUN_IF = {"ALL_SUCCESS", "ALL_DONE", "NONE_FAILED", "AT_LEAST_ONE_SUCCESS", "ALL_FAILED", "AT_LEAST_ONE_FAILED"}
_DEFAULTS = {"name": "Untitled", "max_concurrent_runs": 1, "timeout_seconds": 0, "format": "MULTI_TASK"}


def checked_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings with their defaults, or the API's refusal."""
    tasks = settings.get("tasks") or []
    for task in tasks:
        _check_task(task)
    _check_order(tasks)
    _check_environments(tasks, settings.get("environments") or [])
    limit = settings.get("max_concurrent_runs", 1)
    if not isinstance(limit, int) or not 0 <= limit <= 1000:
        raise ApiError.invalid(f"max_concurrent_runs must be between 0 and 1000, but is {limit}.")
    return _DEFAULTS | settings


def task_type(task: dict[str, Any]) -> str | None:
    """The field that says what a task does."""
    return next((name for name in TASK_TYPES if task.get(name) is not None), None)


def _check_task(task: dict[str, Any]) -> None:
    key = task.get("task_key")
    if not isinstance(key, str) or not key:
        raise ApiError.invalid("Every task must have a task_key.")
    kinds = [name for name in TASK_TYPES if task.get(name) is not None]
    if not kinds:
        raise ApiError.invalid(f"Task with task_key '{key}' must have a task type: one of {', '.join(TASK_TYPES)}.")
    if len(kinds) > 1:
        raise ApiError.invalid(f"Task with task_key '{key}' must have one task type only, but has {', '.join(kinds)}.")
    required = _REQUIRED.get(kinds[0])
    if required and not task[kinds[0]].get(required):
        raise ApiError.invalid(f"Missing required field: tasks[{key}].{kinds[0]}.{required}")
    if (task.get("run_if") or "ALL_SUCCESS") not in _RUN_IF:
        raise ApiError.invalid(f"Task with task_key '{key}' has an unknown run_if: {task['run_if']}.")


def _check_order(tasks: Sequence[dict[str, Any]]) -> None:
    keys = [task["task_key"] for task in tasks]
    double = sorted({key for key in keys if keys.count(key) > 1})
    if double:
        raise ApiError.invalid(f"Duplicate task keys found in the job: {', '.join(double)}.")
    upstream = {task["task_key"]: [item["task_key"] for item in task.get("depends_on") or ()] for task in tasks}
    for key, needed in upstream.items():
        unknown = [name for name in needed if name not in upstream]
        if unknown:
            raise ApiError.invalid(
                f"Task with task_key '{key}' depends on '{unknown[0]}', which is no task of the job."
            )
    try:
        TopologicalSorter(upstream).prepare()
    except CycleError as error:
        raise ApiError.invalid(f"The dependencies of the tasks form a cycle: {' -> '.join(error.args[1])}.") from error


def _check_environments(tasks: Sequence[dict[str, Any]], environments: Sequence[dict[str, Any]]) -> None:
    known = {item.get("environment_key") for item in environments}
    for task in tasks:
        name = task.get("environment_key")
        if name and name not in known:
            raise ApiError.invalid(f"Task with task_key '{task['task_key']}': environment_key '{name}' does not exist.")
