"""Levels of jobs: atomic jobs work, composite jobs start them, orchestrators start composite jobs or whole layers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from diagnostics.sources import tasks
from operations.planning.layers import Placed, layers_among
from operations.planning.words import words_of
from workspace.models import ResolvedBundle, Resource

REFERENCE = re.compile(r"\$\{resources\.([a-z_]+)\.([^.}\[]+)")
_STARTS = (("run_job_task", "job_id", "jobs"), ("pipeline_task", "pipeline_id", "pipelines"))
_CONTROL = frozenset(("run_job_task", "pipeline_task", "condition_task", "for_each_task"))
_SPELLINGS = {"l1": "atomic", "l2": "composite", "l3": "orchestrator", "orchestration": "orchestrator"}
_LEVEL_TAGS = ("job_level", "level")


class Level(StrEnum):
    """What a job is for, in the order of what starts what."""

    ATOMIC = "atomic"
    COMPOSITE = "composite"
    ORCHESTRATOR = "orchestrator"


def starts(bundle: ResolvedBundle) -> Mapping[str, tuple[str, ...]]:
    """Return the jobs and pipelines that each job starts, each once and in the order of its tasks."""
    ids = {one.id: one.key for one in bundle.resources if one.id}
    known = {one.key for one in bundle.resources}
    found: dict[str, tuple[str, ...]] = {}
    for resource in bundle.resources:
        if resource.type == "jobs":
            keys = (started(task, ids) for task in tasks(resource.config))
            found[resource.key] = tuple(dict.fromkeys(key for key in keys if key in known))
    return found


def started(task: Mapping[str, Any], ids: Mapping[str, str]) -> str | None:
    """Return the key of the resource that a task starts, None when it starts none of the bundle."""
    for kind, field, group in _STARTS:
        value = str((task.get(kind) or {}).get(field) or "")
        match = REFERENCE.search(value)
        if match and match[1] == group:
            return f"{match[1]}.{match[2]}"
        if value in ids:
            return ids[value]
    return None


def works(resource: Resource) -> bool:
    """Tell whether a job has tasks of its own, besides those that only start others or decide."""
    return _own_tasks(resource) > 0


def _own_tasks(resource: Resource) -> int:
    kinds = (key for task in tasks(resource.config) for key in task)
    return sum(key.endswith("_task") and key not in _CONTROL for key in kinds)


def _jobs_started(resource: Resource) -> int:
    return sum("run_job_task" in task for task in tasks(resource.config))


def levels(
    bundle: ResolvedBundle, started_by: Mapping[str, tuple[str, ...]], placed: Mapping[str, Placed]
) -> Mapping[str, tuple[Level, str]]:
    """Return the level of each job, and what tells it."""
    reader = _Levels({one.key: one for one in bundle.resources}, started_by, placed)
    return {one.key: reader.level(one.key) for one in bundle.resources if one.type == "jobs"}


def members(key: str, started_by: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return everything that a job starts, directly or through others, without itself."""
    found: dict[str, None] = {}
    left = list(started_by.get(key, ()))
    while left:
        one = left.pop(0)
        if one not in found and one != key:
            found[one] = None
            left += started_by.get(one, ())
    return tuple(found)


class _Levels:
    def __init__(
        self, resources: Mapping[str, Resource], started_by: Mapping[str, tuple[str, ...]], placed: Mapping[str, Placed]
    ) -> None:
        self._resources = resources
        self._starts = started_by
        self._placed = placed

    def level(self, key: str) -> tuple[Level, str]:
        resource = self._resources[key]
        for tag, level in _tagged(resource):
            return level, f"its tag {tag} says so"
        return self._by_tasks(resource)

    def _by_tasks(self, resource: Resource) -> tuple[Level, str]:
        jobs = _jobs_started(resource)
        all_started = members(resource.key, self._starts)
        own = _own_tasks(resource)
        if own >= jobs and (own or len(all_started) < 2):
            return Level.ATOMIC, "its tasks do the work" if own else "it does one thing"
        if any(self._is_composite(one) for one in all_started):
            return Level.ORCHESTRATOR, "it starts composite jobs"
        spanned = layers_among(self._placed[one] for one in all_started if one in self._placed)
        if len(spanned) > 1:
            return Level.ORCHESTRATOR, f"it starts resources of several layers ({', '.join(sorted(spanned))})"
        return Level.COMPOSITE, "it starts other jobs" if jobs else "it only starts pipelines"

    def _is_composite(self, key: str) -> bool:
        resource = self._resources.get(key)
        if resource is None or resource.type != "jobs":
            return False
        tagged = next((level for _, level in _tagged(resource)), None)
        return tagged is not Level.ATOMIC if tagged else _jobs_started(resource) > _own_tasks(resource)


def _tagged(resource: Resource) -> Iterator[tuple[str, Level]]:
    tags = {key.lower(): str(value) for key, value in resource.tags.items()}
    for tag in _LEVEL_TAGS:
        for word in words_of(tags.get(tag, "")):
            level = _SPELLINGS.get(word, word)
            if level in tuple(Level):
                yield f"{tag}={tags[tag]}", Level(level)
