"""The plan of a whole bundle: every resource with its layer, level, place in the order, needs, and why."""

from __future__ import annotations

from collections.abc import Mapping

from diagnostics.sql_tables import TableUse
from operations.planning.layers import RUN_TYPES, VERIFIED_TYPES, LayerReader, Placed, layers_among
from operations.planning.levels import Level, levels, members, starts
from operations.planning.needs import Ground, Need, needs_of
from operations.planning.order import ordered, without_circles
from operations.planning.words import layer_words, rank, sets_up
from workspace.models import Layer, Model, ResolvedBundle, Resource

_HOLDS, _SETS_UP, _RUNS, _LAST, _OBSERVES, _STARTS = range(6)
"""Within a layer, where needs say nothing: what holds data, setup, other work, metric views, what looks at data, and
jobs that start others."""


class PlannedResource(Model):
    """One resource with its place in the plan."""

    key: str
    type: str
    level: Level | None
    """None for what is no job."""
    layer: Layer
    order: int
    needs: tuple[str, ...]
    why: str


class BundlePlan(Model):
    """Every resource of a bundle, in one order that keeps to layers and needs."""

    resources: tuple[PlannedResource, ...]
    starts: Mapping[str, tuple[str, ...]]
    """What each job starts, directly."""
    circles: tuple[str, ...] = ()
    """Needs that lead in a circle, and where it was broken."""


def plan_bundle(bundle: ResolvedBundle, uses: Mapping[str, TableUse]) -> BundlePlan:
    """Plan a resolved bundle.

    Args:
        bundle: the bundle.
        uses: the tables that each resource reads and writes, by key.
    """
    started_by = starts(bundle)
    placed = _placed(bundle, uses, started_by)
    needs, circles = without_circles(needs_of(bundle, uses, placed))
    placed = _taken_over(placed, needs)
    known_levels = levels(bundle, started_by, placed)
    by_key: dict[str, set[str]] = {one.key: set() for one in bundle.resources}
    for need in needs:
        by_key[need.key].add(need.of)
    groups = {one.key: _group(one, known_levels.get(one.key)) for one in bundle.resources}
    order = ordered({key: one.layer for key, one in placed.items()}, by_key, groups)
    types = {one.key: one.type for one in bundle.resources}
    resources = tuple(
        PlannedResource(
            key=key,
            type=types[key],
            level=known_levels[key][0] if key in known_levels else None,
            layer=placed[key].layer,
            order=number,
            needs=tuple(sorted(by_key[key], key=order.index)),
            why=_why(placed[key], known_levels.get(key), [need for need in needs if need.key == key], placed),
        )
        for number, key in enumerate(order, start=1)
    )
    return BundlePlan(resources=resources, starts=started_by, circles=circles)


def _placed(
    bundle: ResolvedBundle, uses: Mapping[str, TableUse], started_by: Mapping[str, tuple[str, ...]]
) -> dict[str, Placed]:
    """Place what works by itself; then what only starts others, by those."""
    reader = LayerReader(bundle, uses)
    placed = {one.key: reader.placed(one) for one in bundle.resources}
    known = levels(bundle, started_by, placed)
    for key, (level, _) in known.items():
        if level is not Level.ATOMIC and not placed[key].tagged:
            placed[key] = _by_members(placed, key, level, started_by)
        elif placed[key].layer is Layer.NONE and started_by.get(key):
            placed[key] = _by_members(placed, key, Level.COMPOSITE, started_by)
    return placed


def _by_members(
    placed: Mapping[str, Placed], key: str, level: Level, started_by: Mapping[str, tuple[str, ...]]
) -> Placed:
    begun = [placed[one] for one in members(key, started_by) if one in placed]
    spanned = layers_among(begun)
    if len(spanned) > 1:
        return Placed(
            Layer.NONE, f"it starts resources of the layers {', '.join(sorted(spanned))}, so it has none itself"
        )
    if spanned and level is not Level.ORCHESTRATOR:
        layer = max((one.layer for one in begun if one.layer is not Layer.NONE), key=rank)
        return Placed(layer, f"what it starts stands in layer {layer.value}")
    return placed[key]


def _taken_over(placed: Mapping[str, Placed], needs: tuple[Need, ...]) -> dict[str, Placed]:
    """Give what nothing places the earliest layer that needs it: a schema or a setup job belongs to its first user."""
    found = dict(placed)
    while True:
        changed = False
        for need in needs:
            user, used = found[need.key], found[need.of]
            guessed = used.layer is Layer.NONE or used.why.startswith(_TAKEN)
            if guessed and need.ground is not Ground.STARTS and rank(user.layer) < rank(used.layer):
                found[need.of] = Placed(user.layer, f"{_TAKEN}{need.key} of layer {user.layer.value} needs it")
                changed = True
        if not changed:
            return found


_TAKEN = "nothing else tells its layer, and "


def _group(resource: Resource, level: tuple[Level, str] | None) -> int:
    if level is not None and level[0] is not Level.ATOMIC:
        return _STARTS
    if resource.type not in RUN_TYPES:
        return _OBSERVES if resource.type in VERIFIED_TYPES else _HOLDS
    key = resource.key.partition(".")[2]
    if layer_words(key) == "semantic" and "metric" in key:
        return _LAST  # functions come before metric views
    return _SETS_UP if sets_up(key) else _RUNS


def _why(placed: Placed, level: tuple[Level, str] | None, needs: list[Need], all_placed: Mapping[str, Placed]) -> str:
    """Return one sentence: what tells the layer, what tells the level, and the strongest need."""
    parts = [placed.why]
    if level is not None and level[0] is not Level.ATOMIC:
        parts.append(f"{level[0].value} because {level[1]}")
    told = sorted(needs, key=lambda need: (-need.ground, need.of))
    against = [need for need in told if rank(all_placed[need.of].layer) > rank(placed.layer)]
    if against:
        parts.append(
            f"{against[0].why}, so that comes first although its layer is {all_placed[against[0].of].layer.value}"
        )
        told = [need for need in told if need is not against[0]]
    if told:
        more = f" and {len(told) - 1} more" if len(told) > 1 else ""
        parts.append(f"{told[0].why}{more}")
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."
