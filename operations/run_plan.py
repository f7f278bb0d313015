"""Which resources of a bundle run at a level, in which order, and why. Pure: resolved bundle in, plan out."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

from diagnostics.sql_tables import TableUse
from operations.planning.layers import RUN_TYPES, VERIFIED_TYPES
from operations.planning.levels import Level, members, works
from operations.planning.order import ordered
from operations.planning.plan import BundlePlan, PlannedResource, plan_bundle
from workspace.models import Layer, Model, ResolvedBundle

__all__ = ["LeftOut", "Level", "PlannedResource", "RunPlan", "plan_resources", "runs_of"]

_RANKS = tuple(Level)


class LeftOut(Model):
    """A resource that is deployed but not run by itself, and why."""

    key: str
    why: str


class RunPlan(Model):
    """Resources in the order in which they run."""

    resources: tuple[PlannedResource, ...]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def layers(self) -> tuple[tuple[Layer, tuple[PlannedResource, ...]], ...]:
        """Resources grouped by layer, in order."""
        groups = groupby(self.resources, key=lambda resource: resource.layer)
        return tuple((layer, tuple(members)) for layer, members in groups)

    def dependents(self, key: str) -> tuple[str, ...]:
        """Keys of all planned resources that need this one, directly or through others."""
        found: list[str] = []
        for resource in self.resources:
            if key in resource.needs or any(other in resource.needs for other in found):
                found.append(resource.key)
        return tuple(found)


def plan_resources(bundle: ResolvedBundle, uses: Mapping[str, TableUse], level: Level = Level.ATOMIC) -> RunPlan:
    """Plan what runs of a bundle: at its level, each resource once, layer by layer."""
    return runs_of(plan_bundle(bundle, uses), bundle, level)


def runs_of(plan: BundlePlan, bundle: ResolvedBundle, level: Level) -> RunPlan:
    """Choose from the plan of a bundle what runs.

    A job that is run runs what it starts, so that is not run once more. Of jobs that start each other only the
    outermost of the wanted level are run. Atomic jobs that only start a pipeline leave that to the pipeline. What is
    deployed and never runs, as a dashboard, has its place too: there it is checked.

    Args:
        plan: the plan of the whole bundle.
        bundle: the bundle.
        level: composite jobs run instead of their atomic jobs from `composite` on, and so forth.
    """
    own_work = {one.key for one in bundle.resources if one.type == "jobs" and works(one)}
    wanted = [
        one for one in plan.resources if one.type in RUN_TYPES | VERIFIED_TYPES and _may_run(one, own_work, level)
    ]
    inside = {one.key: set(members(one.key, plan.starts)) for one in wanted}
    runners: dict[str, str] = {}
    for one in wanted:
        for key in inside[one.key]:
            runners.setdefault(key, one.key)
    chosen = {one.key: one for one in wanted if not _is_started(one.key, inside)}
    unit = {key: _outermost(key, runners, chosen) for key in [one.key for one in plan.resources]}
    needs: dict[str, set[str]] = {key: set() for key in chosen}
    for one in plan.resources:
        target = unit[one.key]
        if target is not None:
            needs[target] |= {found for need in one.needs if (found := unit[need]) and found != target}
    return RunPlan(
        resources=_in_order(chosen, needs),
        left_out=tuple(
            LeftOut(key=one.key, why=_why_not(one, unit, own_work)) for one in plan.resources if one.key not in chosen
        ),
    )


def _may_run(one: PlannedResource, own_work: set[str], level: Level) -> bool:
    """Tell whether a resource is run at this level, unless another one starts it."""
    if one.level is None:
        return True
    return _RANKS.index(one.level) <= _RANKS.index(level) and (one.key in own_work or level is not Level.ATOMIC)


def _is_started(key: str, inside: Mapping[str, set[str]]) -> bool:
    """Tell whether another one starts this; two that start each other both count as started by nobody."""
    return any(key in others and starter not in inside[key] for starter, others in inside.items())


def _outermost(key: str, runners: Mapping[str, str], chosen: Mapping[str, PlannedResource]) -> str | None:
    seen: set[str] = set()
    at: str | None = key
    while at is not None and at not in chosen and at not in seen:
        seen.add(at)
        at = runners.get(at)
    return at if at in chosen else None


def _in_order(chosen: Mapping[str, PlannedResource], needs: Mapping[str, set[str]]) -> tuple[PlannedResource, ...]:
    acyclic: dict[str, set[str]] = {key: set() for key in chosen}
    for key in chosen:  # in the order of the plan; a need that would close a circle of runs is dropped
        acyclic[key] = {need for need in needs[key] if key not in _reached(need, acyclic)}
    keys = ordered(
        {key: one.layer for key, one in chosen.items()}, acyclic, {key: one.order for key, one in chosen.items()}
    )
    return tuple(
        chosen[key].model_copy(update={"order": number, "needs": tuple(sorted(acyclic[key], key=keys.index))})
        for number, key in enumerate(keys, start=1)
    )


def _reached(key: str, needs: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    left = [key]
    while left:
        one = left.pop()
        if one not in found:
            found.add(one)
            left += needs.get(one, ())
    return found


def _why_not(one: PlannedResource, unit: Mapping[str, str | None], own_work: set[str]) -> str:
    runner = unit[one.key]
    if runner is not None:
        return f"{runner} runs it"
    if one.level is not None:
        lost = ", its own tasks do not run" if one.key in own_work else ""
        return f"{one.level.value} job: what it starts runs by itself{lost}"
    return f"{one.type} are deployed, they do not run"
