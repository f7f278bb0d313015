"""A plan as it is shown: all resources, what runs of them, and what the bundle's files do not tell."""

from __future__ import annotations

from collections.abc import Iterable

from diagnostics.lineage import table_uses
from diagnostics.models import BundleSnapshot
from diagnostics.sources import missing_sources
from operations.planning.levels import Level
from operations.planning.plan import PlannedResource, plan_bundle
from operations.run_plan import LeftOut, runs_of
from workspace.models import Model


class PlanPreview(Model):
    """What `bundleops plan` shows."""

    resources: tuple[PlannedResource, ...]
    """Every resource of the bundle, in order."""
    unresolved: tuple[str, ...]
    """What is not known, each with its reason and place."""
    left_out: tuple[LeftOut, ...]
    """What does not run at the level that was asked for."""


def preview(snapshot: BundleSnapshot, level: Level, unresolved: Iterable[str] = ()) -> PlanPreview:
    """Plan a bundle for showing.

    Args:
        snapshot: the bundle, resolved, with its sources.
        level: what would run is told for this level.
        unresolved: what the resolver could not tell.
    """
    plan = plan_bundle(snapshot.resolved, table_uses(snapshot))
    missing = (
        f"{path}: the bundle has no such file; {resource.key} runs it"
        for resource in snapshot.resolved.resources
        for path in missing_sources(resource, snapshot)
    )
    return PlanPreview(
        resources=plan.resources,
        unresolved=tuple(dict.fromkeys((*unresolved, *missing, *plan.circles))),
        left_out=runs_of(plan, snapshot.resolved, level).left_out,
    )
