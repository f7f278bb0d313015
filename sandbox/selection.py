"""Which tasks of a job a run has: all, or those that `only` names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.errors import ApiError
from sandbox.records import JobRecord


def selected(job: JobRecord, only: Sequence[str]) -> list[dict[str, Any]]:
    """Definitions of the tasks to run; dependencies on tasks that are left out are left out as well.

    `+key` brings the tasks upstream of a task too, `key+` those downstream of it.

    Raises:
        ApiError: The job has no tasks, or a name is none of theirs.
    """
    definitions: list[dict[str, Any]] = job.settings.get("tasks") or []
    if not definitions:
        raise ApiError.invalid(f"Job {job.job_id} has no tasks to run.")
    if not only:
        return definitions
    upstream = {task["task_key"]: {item["task_key"] for item in task.get("depends_on") or ()} for task in definitions}
    unknown = sorted({name.strip("+") for name in only} - set(upstream))
    if unknown:
        raise ApiError.invalid(f"Task keys {', '.join(unknown)} do not exist in job {job.job_id}.")
    chosen = {key for name in only for key in _named(name, upstream)}
    return [within(task, chosen) for task in definitions if task["task_key"] in chosen]


def with_downstream(chosen: set[str], upstream: Mapping[str, set[str]]) -> set[str]:
    """Some tasks and all that depend on them, directly or not."""
    grown = chosen | {key for key, needed in upstream.items() if needed & chosen}
    return grown if grown == chosen else with_downstream(grown, upstream)


def within(task: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    """A task without its dependencies on others than these."""
    return task | {"depends_on": [item for item in task.get("depends_on") or () if item["task_key"] in keys]}


def _named(name: str, upstream: Mapping[str, set[str]]) -> set[str]:
    found = {name.strip("+")}
    downstream = with_downstream(found, upstream) if name.endswith("+") else found
    return downstream | (_with_upstream(found, upstream) if name.startswith("+") else set())


def _with_upstream(chosen: set[str], upstream: Mapping[str, set[str]]) -> set[str]:
    grown = chosen.union(*(upstream[key] for key in chosen))
    return grown if grown == chosen else _with_upstream(grown, upstream)
