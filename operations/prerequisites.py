"""What has to be in the workspace before a layer starts, and who of the bundle makes it. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from diagnostics.lineage import same_table, writers_of
from diagnostics.table_use import TableUse
from operations.events import Event, JournalEvent
from operations.planning.levels import members, starts
from operations.progress import progress
from operations.standing import ResourceStatus
from workspace.models import Layer, Model, ResolvedBundle

_FULL_NAME = re.compile(r"[^.*\s]+\.[^.*\s]+\.[^.*\s]+")
_BUILT_IN = frozenset(("system", "samples", "hive_metastore", "spark_catalog"))
_NEED_ROWS = frozenset((Layer.MONITORING, Layer.GENIE))
"""Layers whose objects tell nothing about empty tables."""


class Prerequisite(Model):
    """A table or function that a resource needs and does not make itself."""

    resource: str
    name: str
    """Three-part name, in lower case."""
    is_function: bool = False
    needs_rows: bool = False
    makers: tuple[str, ...] = ()
    """Keys of the resources of the bundle that make it, the one that creates it first."""


class Unmet(Model):
    """A prerequisite that is not there."""

    resource: str
    name: str
    makers: tuple[str, ...]
    text: str
    """`main.bronze.orders does not exist; jobs.bronze_setup_job makes it`"""
    is_missing: bool = True
    """False for a table that is there and empty: the run is tried all the same."""


def prerequisites(
    bundle: ResolvedBundle, uses: Mapping[str, TableUse], layer: Layer, keys: Sequence[str]
) -> tuple[Prerequisite, ...]:
    """Return what the resources of a layer need, as far as their sources name it in full, without repetitions.

    What one resource of the layer makes the others of the layer find while it runs; it is not looked for before.

    Args:
        bundle: the bundle.
        uses: the tables of each resource, by key.
        layer: the layer.
        keys: its resources.
    """
    started_by = starts(bundle)
    inside = {key: (key, *members(key, started_by)) for key in keys}
    made = [name for group in inside.values() for one in group for name in _made(uses.get(one, TableUse()))]
    functions = {name for use in uses.values() for name in use.semantic}
    found: list[Prerequisite] = []
    for key, group in inside.items():
        names = sorted({name for one in group for name in uses.get(one, TableUse()).reads})
        found += [
            Prerequisite(
                resource=key,
                name=name,
                is_function=name in functions,
                needs_rows=layer in _NEED_ROWS,
                makers=tuple(one for one in writers_of(name, uses) if one not in group),
            )
            for name in names
            if _can_be_looked_up(name) and not any(same_table(name, one) for one in made)
        ]
    return tuple(found)


def missing(one: Prerequisite) -> Unmet:
    """Say that a prerequisite does not exist, and who makes it."""
    maker = f"{one.makers[0]} makes it" if one.makers else "no resource of the bundle makes it"
    text = f"{one.name} does not exist; {maker}"
    return Unmet(resource=one.resource, name=one.name, makers=one.makers, text=text)


def empty(one: Prerequisite) -> Unmet:
    """Say that a table has no rows, and who fills it."""
    filler = f"{one.makers[-1]} fills it" if one.makers else "no resource of the bundle fills it"
    text = f"{one.name} has no rows; {filler}"
    return Unmet(resource=one.resource, name=one.name, makers=one.makers, text=text, is_missing=False)


def missing_prerequisite(events: Iterable[JournalEvent], key: str) -> Unmet | None:
    """Return what a resource still lacks before its first run and what another one can make; None otherwise.

    A source may name a table that it does not need; so only that is waited for which the bundle itself makes, and only
    until its maker was verified.
    """
    known = list(events)
    now = progress(known)
    if now.of(key).iterations:
        return None
    last = next((one for one in _checked(known) if any(unmet.resource == key for unmet in one)), ())
    return next(
        (
            one
            for one in last
            if one.resource == key and one.is_missing and one.makers
            if now.of(one.makers[0]).status is not ResourceStatus.VERIFIED
        ),
        None,
    )


def _checked(events: list[JournalEvent]) -> Iterator[tuple[Unmet, ...]]:
    """Yield what each check found, the newest first."""
    for event in reversed(events):
        if event.event == Event.PREREQUISITES_CHECKED:
            yield tuple(Unmet.model_validate(one) for one in event.data["unmet"])


def _made(use: TableUse) -> tuple[str, ...]:
    return (*use.creates, *use.writes)


def _can_be_looked_up(name: str) -> bool:
    catalog, _, rest = name.partition(".")
    return bool(_FULL_NAME.fullmatch(name)) and catalog not in _BUILT_IN and not rest.startswith("information_schema.")
