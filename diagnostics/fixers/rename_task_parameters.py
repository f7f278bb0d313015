"""Write the flags of a notebook task as the mapping `base_parameters`. The values stay the same."""

from __future__ import annotations

from collections.abc import Iterator

from ruamel.yaml.nodes import MappingNode, Node

from diagnostics.bundle_yaml import Span, edits_of, jobs, scalar, task_nodes, value
from diagnostics.models import BundleSnapshot, Diagnosis, FixPlan
from diagnostics.sources import file_named
from diagnostics.task_parameters import base_parameters_span
from knowledge.pattern import Applicability
from workspace.models import Evidence

NAME = "rename_task_parameters"


def plan(diagnosis: Diagnosis, evidence: Evidence, snapshot: BundleSnapshot) -> FixPlan | None:  # noqa: ARG001 - a fixer
    """Propose `base_parameters` for every notebook task of the bundle that has flags instead."""
    edits = edits_of(snapshot, _spans)
    if not edits:
        return None
    return FixPlan(
        code=diagnosis.code,
        fixer=NAME,
        title="Write the notebook's parameters as base_parameters",
        reason=f"{diagnosis.title} The same values are passed by name.",
        applicability=Applicability.SAFE,
        edits=edits,
    )


def _spans(path: str, root: MappingNode, snapshot: BundleSnapshot) -> Iterator[Span]:
    for _, job in jobs(root):
        for task in task_nodes(job):
            notebook = value(task, "notebook_task")
            if notebook is not None:
                yield from _task_spans(path, notebook, snapshot)


def _task_spans(path: str, notebook: Node, snapshot: BundleSnapshot) -> Iterator[Span]:
    local = file_named(scalar(notebook, "notebook_path") or "", path, snapshot)
    source = snapshot.files[local] if local else ""
    both = value(notebook, "parameters") is not None and value(notebook, "base_parameters") is not None
    for key in () if both else ("parameters", "base_parameters"):
        span = base_parameters_span(notebook, source, key)
        if span:
            yield span
