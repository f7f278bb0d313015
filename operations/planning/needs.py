"""What each resource needs: what it names, what it starts, what runs before it in a job, and whose tables it reads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from itertools import product
from typing import Any

from diagnostics.lineage import Makers, same_table
from diagnostics.sql_tables import TableUse
from operations.planning.layers import RUN_TYPES, Placed
from operations.planning.levels import REFERENCE, started, starts, works
from operations.planning.words import STRONG, WEAK, words_of
from workspace.models import Layer, ResolvedBundle, Resource


class Ground(IntEnum):
    """Why one resource needs another; when needs form a circle the weakest goes first."""

    LAYERS = 1
    SCHEMA = 2
    TABLE = 3
    SEQUENCE = 4
    REFERENCE = 5
    STARTS = 6


@dataclass(frozen=True)
class Need:
    """One resource needs another."""

    key: str
    of: str
    """Key of the resource that is needed."""
    ground: Ground
    why: str
    """`it reads main.silver.orders, which pipelines.silver writes`"""


def needs_of(bundle: ResolvedBundle, uses: Mapping[str, TableUse], placed: Mapping[str, Placed]) -> tuple[Need, ...]:
    """Return every need, of two with the same ends the stronger one, sorted."""
    started_by = starts(bundle)
    found: dict[tuple[str, str], Need] = {}
    for need in (
        *_references(bundle, started_by),
        *_sequences(bundle),
        *_tables(bundle, uses),
    ):
        known = found.get((need.key, need.of))
        if need.key != need.of and (known is None or known.ground < need.ground):
            found[need.key, need.of] = need
    starters = {one.key for one in bundle.resources if started_by.get(one.key) and not works(one)}
    explained = {key for key, _ in found}
    for need in (*_by_layers(bundle, placed, explained, starters), *_rules(bundle, placed)):
        found.setdefault((need.key, need.of), need)
    return tuple(found[ends] for ends in sorted(found))


def _references(bundle: ResolvedBundle, started_by: Mapping[str, tuple[str, ...]]) -> Iterator[Need]:
    known = {one.key for one in bundle.resources}
    for resource in bundle.resources:
        begun = started_by.get(resource.key, ())
        for key in begun:
            yield Need(resource.key, key, Ground.STARTS, f"it starts {key}")
        for match in REFERENCE.finditer(json.dumps(resource.config, default=str)):
            key = f"{match[1]}.{match[2]}"
            if key in known and key not in begun:
                yield Need(resource.key, key, Ground.REFERENCE, f"it names {key}")


def _sequences(bundle: ResolvedBundle) -> Iterator[Need]:
    """Let what a job starts after something else need it, also over tasks that start nothing."""
    ids = {one.id: one.key for one in bundle.resources if one.id}
    known = {one.key for one in bundle.resources}
    for job in bundle.resources:
        tasks = (
            {str(task.get("task_key")): task for task in job.config.get("tasks") or ()} if job.type == "jobs" else {}
        )
        begins = {name: _started_in(task, ids, known) for name, task in tasks.items()}
        for name in tasks:
            for before in _starters_before(name, tasks, begins):
                for later, earlier in product(begins[name], begins[before]):
                    yield Need(later, earlier, Ground.SEQUENCE, f"{job.key} runs it after {earlier}")


def _started_in(task: Mapping[str, Any], ids: Mapping[str, str], known: set[str]) -> tuple[str, ...]:
    inner = (task.get("for_each_task") or {}).get("task") or {}
    found = (started(task, ids), started(inner, ids))
    return tuple(key for key in found if key in known)


def _starters_before(
    name: str, tasks: Mapping[str, Mapping[str, Any]], begins: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """Return the nearest tasks before this one that start something."""
    found: list[str] = []
    seen: set[str] = set()
    left = [name] if begins[name] else []
    while left:
        for dependency in tasks[left.pop()].get("depends_on") or ():
            key = str(dependency.get("task_key"))
            if key in tasks and key not in seen:
                seen.add(key)
                (found if begins[key] else left).append(key)
    return tuple(sorted(found))


def _tables(bundle: ResolvedBundle, uses: Mapping[str, TableUse]) -> Iterator[Need]:
    makers = Makers(uses)
    for resource in bundle.resources:
        own = uses.get(resource.key)
        if own is not None:
            clear = own.model_copy(update={"reads": tuple(name for name in own.reads if makers.is_clear(name))})
            for other in makers.candidates(clear):
                need = _between(resource.key, clear, other, uses[other]) if other != resource.key else None
                if need is not None:
                    yield need


def _between(key: str, own: TableUse, other: str, theirs: TableUse) -> Need | None:
    """Return why the one needs the other's tables, files or schemas; what it makes itself needs nobody."""
    table = _first(own.reads, (*theirs.writes, *theirs.creates), without=own.creates)
    if table:
        verb = "makes" if _first((table,), theirs.creates) else "writes"
        return Need(key, other, Ground.TABLE, f"it reads {table}, which {other} {verb}")
    table = _first(own.writes, theirs.creates, without=(*own.creates, *own.schemas))
    if table:
        return Need(key, other, Ground.TABLE, f"it writes {table}, which {other} makes")
    files = _first(own.reads_volumes, theirs.writes_volumes, without=own.writes_volumes)
    if files:
        return Need(key, other, Ground.TABLE, f"it reads files of the volume {files}, which {other} writes")
    schemas = {name.rpartition(".")[0] for name in own.creates if "." in name and name not in own.schemas}
    schema = _first(tuple(sorted(schemas)), theirs.schemas, without=own.schemas)
    if schema:
        return Need(key, other, Ground.SCHEMA, f"it makes tables in the schema {schema}, which {other} makes")
    return None


def _first(wanted: tuple[str, ...], made: tuple[str, ...], without: tuple[str, ...] = ()) -> str | None:
    for name in wanted:
        if any(same_table(name, one) for one in made) and not any(same_table(name, one) for one in without):
            return name
    return None


_BEFORE: Mapping[Layer, tuple[tuple[Layer, ...], ...]] = {
    Layer.SILVER: ((Layer.BRONZE,),),
    Layer.GOLD_MERGE: ((Layer.GOLD_SETUP,), (Layer.SILVER,)),
    Layer.SEMANTIC: ((Layer.GOLD_MERGE, Layer.GOLD_SETUP),),
    Layer.MONITORING: ((Layer.GOLD_MERGE, Layer.GOLD_SETUP),),
    Layer.ALERTING: ((Layer.MONITORING,),),
    Layer.GENIE: ((Layer.SEMANTIC, Layer.GOLD_MERGE),),
}
"""Layers that have to be there first (facts: dependency order); of several in one row the first that the bundle has."""


def _by_layers(
    bundle: ResolvedBundle, placed: Mapping[str, Placed], explained: set[str], starters: set[str]
) -> Iterator[Need]:
    """Let a resource of which nothing else is known need the layers before its own, where it can of its own subject."""
    members: dict[Layer, list[Resource]] = {}
    for one in bundle.resources:
        if one.key not in starters and (one.type in RUN_TYPES or one.type == "quality_monitors"):
            members.setdefault(placed[one.key].layer, []).append(one)
    for resource in bundle.resources:
        layer = placed[resource.key].layer
        if resource.key in explained or not _needs_layers(resource, layer):
            continue
        for row in _BEFORE.get(layer, ()):
            before = next((one for one in row if one in members), None)
            for other in _of_one_subject(resource, members.get(before, ())) if before else ():
                yield Need(
                    resource.key,
                    other.key,
                    Ground.LAYERS,
                    f"layer {layer.value} comes after {other.key} of layer {before.value if before else ''}",
                )


def _rules(bundle: ResolvedBundle, placed: Mapping[str, Placed]) -> Iterator[Need]:
    """Let silver pipelines need the job that makes the rules of data quality."""
    for job in bundle.resources:
        words = set(words_of(job.key.partition(".")[2]))
        if job.type == "jobs" and "rules" in words and words & {"dq", "quality"}:
            for other in bundle.resources:
                if other.type == "pipelines" and placed[other.key].layer is Layer.SILVER:
                    yield Need(other.key, job.key, Ground.LAYERS, f"the rules of {job.key} come before it")


def _needs_layers(resource: Resource, layer: Layer) -> bool:
    return resource.type in RUN_TYPES or layer in {Layer.MONITORING, Layer.ALERTING, Layer.GENIE}


def _of_one_subject(resource: Resource, others: list[Resource] | tuple[()]) -> list[Resource]:
    """Return those whose keys share a word that is no layer's; all when none does."""
    own = _subject(resource)
    return [other for other in others if own & _subject(other)] or list(others)


def _subject(resource: Resource) -> set[str]:
    common = {"job", "pipeline", "setup", "merge", "task", "run", "deployment", "deploy", "dlt", "etl", "layer"}
    return {word for word in words_of(resource.key.partition(".")[2]) if word not in {*STRONG, *WEAK, *common}}
