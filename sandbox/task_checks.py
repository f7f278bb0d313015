"""Checks of one task of a job."""

from __future__ import annotations

import json
from typing import Any

from sandbox.conditions import OPERATORS
from sandbox.errors import ApiError
from sandbox.progress import RUN_IF
from sandbox.task_types import TASK_TYPES

_REQUIRED = {
    "notebook_task": ("notebook_path",),
    "run_job_task": ("job_id",),
    "pipeline_task": ("pipeline_id",),
    "spark_python_task": ("python_file",),
    "python_wheel_task": ("package_name", "entry_point"),
    "sql_task": ("warehouse_id",),
    "condition_task": ("op", "left", "right"),
    "for_each_task": ("inputs", "task"),
    "alert_task": ("alert_id",),
}
_OPTIONAL_EMPTY = {"left", "right"}
"""Operands of a condition may be empty texts."""
_ON_CLUSTER = ("new_cluster", "existing_cluster_id", "job_cluster_key")
_NEEDS_ENVIRONMENT = ("spark_python_task", "python_wheel_task", "dbt_task")
_SQL_KINDS = ("file", "query", "alert", "dashboard")
_MOST_CONCURRENT = 100


def check_task(task: dict[str, Any], *, nested: bool = False) -> None:
    """Refuse a task that cannot run.

    Raises:
        ApiError: The message names the task and what is wrong with it.
    """
    key = task.get("task_key")
    if not isinstance(key, str) or not key:
        raise ApiError.invalid("Every task must have a task_key.")
    kind = _only_type(task)
    body = task[kind]
    for name in _REQUIRED.get(kind, ()):
        if body.get(name) is None or (not body[name] and name not in _OPTIONAL_EMPTY):
            raise ApiError.invalid(f"Missing required field: tasks[{key}].{kind}.{name}")
    if (task.get("run_if") or "ALL_SUCCESS") not in RUN_IF:
        raise ApiError.invalid(f"Task with task_key '{key}' has an unknown run_if: {task['run_if']}.")
    if kind in _NEEDS_ENVIRONMENT and not task.get("environment_key") and not any(task.get(one) for one in _ON_CLUSTER):
        raise ApiError.invalid(
            f"Task with task_key '{key}': environment_key is required for a {kind} on serverless compute."
        )
    _check_body(key, kind, body, nested=nested)


def _only_type(task: dict[str, Any]) -> str:
    kinds = [name for name in TASK_TYPES if task.get(name) is not None]
    key = task["task_key"]
    if not kinds:
        raise ApiError.invalid(f"Task with task_key '{key}' must have a task type: one of {', '.join(TASK_TYPES)}.")
    if len(kinds) > 1:
        raise ApiError.invalid(f"Task with task_key '{key}' must have one task type only, but has {', '.join(kinds)}.")
    return kinds[0]


def _check_body(key: str, kind: str, body: dict[str, Any], *, nested: bool) -> None:
    if kind == "condition_task" and body["op"] not in OPERATORS:
        raise ApiError.invalid(f"Task with task_key '{key}' has an unknown operator: {body['op']}.")
    if kind == "sql_task" and sum(bool(body.get(name)) for name in _SQL_KINDS) != 1:
        raise ApiError.invalid(f"Task with task_key '{key}': sql_task must have one of {', '.join(_SQL_KINDS)}.")
    if kind == "for_each_task":
        if nested:
            raise ApiError.invalid(f"Task with task_key '{key}': a for_each_task cannot be nested in another one.")
        _check_loop(key, body)


def _check_loop(key: str, body: dict[str, Any]) -> None:
    check_task(body["task"], nested=True)
    concurrency = body.get("concurrency", 1)
    if not isinstance(concurrency, int) or not 1 <= concurrency <= _MOST_CONCURRENT:
        raise ApiError.invalid(
            f"Task with task_key '{key}': concurrency must be between 1 and {_MOST_CONCURRENT}, but is {concurrency}."
        )
    if "{{" in body["inputs"]:
        return
    try:
        inputs = json.loads(body["inputs"])
    except ValueError:
        inputs = None
    if not isinstance(inputs, list):
        raise ApiError.invalid(
            f"Task with task_key '{key}': inputs must be a JSON array or a reference to one, but is {body['inputs']}."
        )
