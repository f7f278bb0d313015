"""Checks of a job's settings, as the Jobs API makes them when a job is created or changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

from sandbox.errors import ApiError
from sandbox.quartz import parse_cron, time_zone
from sandbox.references import check_references
from sandbox.task_checks import check_task
from sandbox.task_types import task_type

_DEFAULTS = {"name": "Untitled", "max_concurrent_runs": 1, "timeout_seconds": 0, "format": "MULTI_TASK"}
_MOST_TASKS = 1000
_MOST_RUNS = 1000


def checked_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings with their defaults, or the API's refusal."""
    tasks = settings.get("tasks") or []
    if len(tasks) > _MOST_TASKS:
        raise ApiError.invalid(f"A job can have at most {_MOST_TASKS} tasks, but this one has {len(tasks)}.")
    for task in tasks:
        check_task(task)
    _check_order(tasks)
    _check_keys(tasks, settings)
    limit = settings.get("max_concurrent_runs", 1)
    if not isinstance(limit, int) or not 0 <= limit <= _MOST_RUNS:
        raise ApiError.invalid(f"max_concurrent_runs must be between 0 and {_MOST_RUNS}, but is {limit}.")
    _check_schedule(settings.get("schedule"))
    check_references(tasks)
    check_references(settings.get("parameters"))
    return _DEFAULTS | settings


def _check_order(tasks: Sequence[dict[str, Any]]) -> None:
    keys = [task["task_key"] for task in tasks]
    double = sorted({key for key in keys if keys.count(key) > 1})
    if double:
        raise ApiError.invalid(f"Duplicate task keys found in the job: {', '.join(double)}.")
    known = {task["task_key"]: task for task in tasks}
    for task in tasks:
        for item in task.get("depends_on") or ():
            _check_dependency(task["task_key"], item, known)
    upstream = {key: [item["task_key"] for item in task.get("depends_on") or ()] for key, task in known.items()}
    try:
        TopologicalSorter(upstream).prepare()
    except CycleError as error:
        cycle = " -> ".join(error.args[1])
        raise ApiError.invalid(
            f"Invalid dependency graph, the dependencies of the tasks form a cycle: {cycle}."
        ) from error


def _check_dependency(key: str, item: dict[str, Any], known: dict[str, dict[str, Any]]) -> None:
    name = item.get("task_key")
    if name == key:
        raise ApiError.invalid(f"Invalid dependency graph, task '{key}' can not reference itself.")
    if name not in known:
        raise ApiError.invalid(
            f"Invalid dependency graph, task '{key}' depends on '{name}', which is no task of the job."
        )
    outcome = item.get("outcome")
    if outcome is not None and task_type(known[name]) != "condition_task":
        raise ApiError.invalid(
            f"Task with task_key '{key}' depends on the outcome of '{name}', which is no condition_task."
        )
    if outcome not in {None, "true", "false"}:
        raise ApiError.invalid(f"Task with task_key '{key}': outcome must be 'true' or 'false', but is '{outcome}'.")


def _check_schedule(schedule: dict[str, Any] | None) -> None:
    if schedule is None:
        return
    expression, zone = str(schedule.get("quartz_cron_expression", "")), str(schedule.get("timezone_id", ""))
    try:
        parse_cron(expression)
    except ValueError as error:
        raise ApiError.invalid(
            f"Invalid quartz_cron_expression: '{expression}'. Databricks uses Quartz cron syntax, which is different "
            "from the standard cron syntax. See https://docs.databricks.com/jobs.html#schedule-a-job for more details."
        ) from error
    try:
        time_zone(zone)
    except ValueError as error:
        raise ApiError.invalid(f"Invalid timezone_id: '{zone}'.") from error


def _check_keys(tasks: Sequence[dict[str, Any]], settings: dict[str, Any]) -> None:
    """What tasks name must be defined in the job."""
    environments = {item.get("environment_key") for item in settings.get("environments") or ()}
    clusters = {item.get("job_cluster_key") for item in settings.get("job_clusters") or ()}
    for task in _with_nested(tasks):
        environment, cluster = task.get("environment_key"), task.get("job_cluster_key")
        if environment and environment not in environments:
            raise ApiError.invalid(
                f"Task with task_key '{task['task_key']}': environment_key '{environment}' does not exist."
            )
        if cluster and cluster not in clusters:
            raise ApiError.invalid(f"Job cluster '{cluster}' is not defined in field 'job_clusters'.")


def _with_nested(tasks: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for task in tasks:
        yield task
        if task_type(task) == "for_each_task":
            yield task["for_each_task"]["task"]
