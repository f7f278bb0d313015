"""Which resources of a bundle run, in which order, and why. Pure: resolved bundle in, plan out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import groupby

from diagnostics.lineage import same_table, writers_of
from diagnostics.sql_tables import TableUse
from workspace.models import Layer, Model, ResolvedBundle, Resource

LAYER_ORDER = tuple(Layer)

_WORDS: tuple[tuple[str, Layer], ...] = (
    (r"bronze", Layer.BRONZE),
    (r"silver", Layer.SILVER),
    (r"gold.*merge|merge.*gold", Layer.GOLD_MERGE),
    (r"gold", Layer.GOLD_SETUP),
    (r"semantic|metric_?view|tvf|table_function", Layer.SEMANTIC),
    (r"monitor", Layer.MONITORING),
    (r"alert", Layer.ALERTING),
    (r"genie", Layer.GENIE),
)
"""Words of a tag or key that name a layer; the first that matches decides."""


class PlannedResource(Model):
    """One resource with its place in the plan."""

    key: str
    type: str
    level: str | None
    """atomic, composite or orchestrator; None for what is no job."""
    layer: Layer
    order: int
    needs: tuple[str, ...]
    why: str


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


def layer_of(resource: Resource) -> tuple[Layer, str]:
    """Return the layer of a resource and what tells it: its tag `layer`, else words of its key and tag `job_type`."""
    tag = str(resource.tags.get("layer") or "").lower()
    if tag in LAYER_ORDER:
        return Layer(tag), f"tag layer={tag}"
    job_type = str(resource.tags.get("job_type") or "")
    for text, source in (
        (f"{tag} {job_type} {resource.key}" if tag else "", f"tag layer={tag}"),
        (resource.key, "its key"),
    ):
        for words, layer in _WORDS:
            if text and re.search(words, text.lower()):
                return layer, source
    return Layer.NONE, "no tag or name tells its layer, so it runs last"


def level_of(resource: Resource) -> str | None:
    """Return the level of a job: its tag `job_level`, else composite when it only starts other jobs or pipelines."""
    if resource.type != "jobs":
        return None
    tag = str(resource.tags.get("job_level") or "").lower()
    if tag in {"atomic", "composite", "orchestrator"}:
        return tag
    tasks = resource.config.get("tasks") or []
    starts_others = tasks and all("run_job_task" in task or "pipeline_task" in task for task in tasks)
    return "composite" if starts_others else "atomic"


def plan_resources(bundle: ResolvedBundle, uses: Mapping[str, TableUse]) -> RunPlan:
    """Plan every atomic job and pipeline of a bundle: by layer, and within a layer writers before readers."""
    left_out: list[LeftOut] = []
    candidates: dict[str, Resource] = {}
    for resource in bundle.resources:
        level = level_of(resource)
        if resource.type not in {"jobs", "pipelines"}:
            left_out.append(LeftOut(key=resource.key, why=f"{resource.type} are deployed, they do not run"))
        elif level in {"composite", "orchestrator"}:
            left_out.append(LeftOut(key=resource.key, why=f"{level} job: its atomic jobs run by themselves"))
        else:
            candidates[resource.key] = resource
    needs = {key: _needs(key, candidates, uses) for key in candidates}
    ordered = [key for layer in LAYER_ORDER for key in _order(layer, candidates, needs)]
    planned = tuple(_planned(candidates[key], order, needs[key]) for order, key in enumerate(ordered, start=1))
    return RunPlan(resources=planned, left_out=tuple(left_out))


def _needs(key: str, candidates: Mapping[str, Resource], uses: Mapping[str, TableUse]) -> tuple[str, ...]:
    """Return the resources that write what this one reads; a table that it creates itself needs nobody."""
    own = uses.get(key)
    if own is None:
        return ()
    foreign = [table for table in own.reads if not any(same_table(table, name) for name in own.creates)]
    writers = {writer for table in foreign for writer in writers_of(table, uses)}
    return tuple(sorted(writer for writer in writers if writer in candidates and writer != key))


def _order(layer: Layer, candidates: Mapping[str, Resource], needs: Mapping[str, tuple[str, ...]]) -> list[str]:
    members = sorted(key for key, resource in candidates.items() if layer_of(resource)[0] is layer)
    graph = {key: [need for need in needs[key] if need in members] for key in members}
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError:
        # Two resources that write what the other reads have no order of their own; names give a stable one.
        return members


def _planned(resource: Resource, order: int, needs: tuple[str, ...]) -> PlannedResource:
    layer, source = layer_of(resource)
    why = f"layer {layer.value}: {source}" if layer is not Layer.NONE else source
    return PlannedResource(
        key=resource.key,
        type=resource.type,
        level=level_of(resource),
        layer=layer,
        order=order,
        needs=needs,
        why=why,
    )
