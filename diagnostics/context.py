"""What the bundle itself says about a missing object: who writes it, and so what has to run first."""

from __future__ import annotations

from diagnostics.lineage import same_table, table_uses, writers_of
from diagnostics.models import BundleSnapshot, Diagnosis, Signal
from knowledge.pattern import Applicability, Category, FixKind
from knowledge.registry import Registry
from workspace.models import Layer, Resource

MISSING_TABLE = "table-or-view-not-found"
_GUESSED_FROM_NAME = frozenset(("gold-merge-target-missing", "streaming-source-missing"))
"""Pages that suppose another resource makes the table. Without such a resource they are plain missing tables."""


def explain_missing(diagnosis: Diagnosis, snapshot: BundleSnapshot | None, registry: Registry) -> Diagnosis:
    """Name the resource that has to run first, or say that no resource of the bundle makes the object.

    Args:
        diagnosis: any diagnosis; those about nothing missing come back unchanged.
        snapshot: the bundle; without it nothing is known about writers.
        registry: the error patterns.
    """
    if snapshot is None or diagnosis.fix_kind is not FixKind.RUN_UPSTREAM_FIRST:
        return diagnosis
    table = diagnosis.objects.get("table")
    if table is None:
        return _with_named_job(diagnosis, snapshot)
    writers = [key for key in writers_of(table, table_uses(snapshot)) if key != diagnosis.resource]
    if writers:
        return _written(diagnosis, table, writers)
    if diagnosis.code in _GUESSED_FROM_NAME or diagnosis.code == MISSING_TABLE:
        return _unwritten(diagnosis, registry)
    return diagnosis


def _written(diagnosis: Diagnosis, table: str, writers: list[str]) -> Diagnosis:
    objects = {**diagnosis.objects, "upstream": writers[0]}
    if len(writers) > 1:
        objects["writers"] = ", ".join(writers)
    signal = Signal(what="written by another resource", text=f"{table} is written by {', '.join(writers)}")
    update = {
        "category": Category.DEPENDENCY if diagnosis.category is Category.SQL else diagnosis.category,
        "fixer": "run_upstream_first",
        "applicability": Applicability.SAFE,
        "objects": objects,
        "signals": (*diagnosis.signals, signal),
    }
    return diagnosis.model_copy(update=update)


def _unwritten(diagnosis: Diagnosis, registry: Registry) -> Diagnosis:
    pattern = registry[MISSING_TABLE]
    signal = Signal(what="no writer in the bundle", text=f"no other resource writes {diagnosis.objects['table']}")
    update = {
        "code": pattern.code,
        "category": pattern.category,
        "title": pattern.title,
        "explanation": pattern.explanation,
        "page": pattern.page,
        "fixer": None,
        "applicability": Applicability.MANUAL,
        "signals": (*diagnosis.signals, signal),
    }
    return diagnosis.model_copy(update=update)


def _with_named_job(diagnosis: Diagnosis, snapshot: BundleSnapshot) -> Diagnosis:
    """Find the resource that the text names, such as `Run gold_setup_job first`."""
    named = diagnosis.objects.get("job", "").rpartition(".")[2]
    matches = [resource.key for resource in snapshot.resolved.resources if named and _is_named(resource, named)]
    if len(matches) != 1 or matches[0] == diagnosis.resource:
        return diagnosis
    update: dict[str, object] = {"objects": {**diagnosis.objects, "upstream": matches[0]}}
    if diagnosis.applicability is Applicability.SAFE and not _runs_before(matches[0], diagnosis.resource, snapshot):
        # Any text can name a job; only the bundle can say that it belongs before the failed one.
        update["applicability"] = Applicability.NEEDS_APPROVAL
    return diagnosis.model_copy(update=update)


def _runs_before(named: str, failed: str | None, snapshot: BundleSnapshot) -> bool:
    """Tell whether layer tags or lineage put the named resource before the failed one."""
    layers = {resource.key: _tagged_layer(resource) for resource in snapshot.resolved.resources}
    first, second = layers.get(named), layers.get(failed or "")
    if first is not None and second is not None and first != second:
        return first < second
    uses = table_uses(snapshot)
    if failed is None or failed not in uses:
        return False
    own, other = uses[failed], uses[named]
    needed = [name for name in (*own.reads, *own.writes) if name not in own.creates]
    made = [name for name in (*other.creates, *other.writes) if name not in own.writes or name in other.creates]
    return any(same_table(one, two) for one in needed for two in made)


def _tagged_layer(resource: Resource) -> int | None:
    order = [str(layer) for layer in Layer if layer is not Layer.NONE]
    tag = str(resource.tags.get("layer") or "").lower()
    return order.index(tag) if tag in order else None


def _is_named(resource: Resource, name: str) -> bool:
    """Compare with the key, and with the deployed name, which carries the target's prefix `[dev user] `."""
    return resource.key.partition(".")[2] == name or resource.name.rpartition("] ")[2] == name
