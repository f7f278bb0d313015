"""Write the flags of a notebook task as the mapping `base_parameters`. The values stay the same."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.bundle_yaml import Document, Found, edits_of, scalar, value
from diagnostics.models import BundleSnapshot, Diagnosis, FixPlan
from diagnostics.sources import file_named
from diagnostics.task_parameters import base_parameters_change
from diagnostics.yaml_changes import Change
from knowledge.pattern import Applicability
from workspace.models import Evidence

NAME = "rename_task_parameters"


def plan(diagnosis: Diagnosis, evidence: Evidence, snapshot: BundleSnapshot) -> FixPlan | None:
    """Propose `base_parameters` for notebook tasks with flags: those of the failed job, else all of the bundle."""

    def changes(document: Document, task: Found) -> Iterator[Change]:
        return _changes(document, task, snapshot)

    edits, tasks = edits_of(snapshot, evidence.resource, changes)
    if not edits:
        return None
    return FixPlan(
        code=diagnosis.code,
        fixer=NAME,
        title=f"Write the parameters of {', '.join(tasks)} as base_parameters",
        reason=f"{diagnosis.title} The same values are passed by name.",
        applicability=Applicability.SAFE,
        edits=edits,
    )


def _changes(document: Document, task: Found, snapshot: BundleSnapshot) -> Iterator[Change]:
    notebook = value(task.node, "notebook_task")
    if notebook is None:
        return
    local = file_named(scalar(notebook, "notebook_path") or "", document.path, snapshot)
    source = snapshot.files[local] if local else ""
    both = value(notebook, "parameters") is not None and value(notebook, "base_parameters") is not None
    for key in () if both else ("parameters", "base_parameters"):
        change = base_parameters_change(document.text, (*task.path, "notebook_task"), notebook, source, key)
        if change:
            yield change
