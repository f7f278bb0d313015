"""Correct the name of a task type: `python_task` and `job_task` do not exist. The task's values stay the same."""

from __future__ import annotations

from collections.abc import Iterator

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from diagnostics.bundle_yaml import Span, edits_of, entry, jobs, scalar, task_nodes
from diagnostics.models import BundleSnapshot, Diagnosis, FixPlan
from diagnostics.sources import file_named, is_notebook
from diagnostics.task_parameters import base_parameters_span
from knowledge.pattern import Applicability
from workspace.models import Evidence

NAME = "rename_task_type"


def plan(diagnosis: Diagnosis, evidence: Evidence, snapshot: BundleSnapshot) -> FixPlan | None:  # noqa: ARG001 - a fixer
    """Propose the right task type for every task of the bundle that has a wrong one."""
    edits = edits_of(snapshot, _spans)
    if not edits:
        return None
    return FixPlan(
        code=diagnosis.code,
        fixer=NAME,
        title=f"Rename {diagnosis.objects.get('field', 'the task type')} to a task type that exists",
        reason=f"{diagnosis.title} A task without a known type does nothing.",
        applicability=Applicability.SAFE,
        edits=edits,
    )


def _spans(path: str, root: MappingNode, snapshot: BundleSnapshot) -> Iterator[Span]:
    for _, job in jobs(root):
        for task in task_nodes(job):
            run_job = entry(task, "job_task")
            if run_job and scalar(run_job[1], "job_id") and not entry(task, "run_job_task"):
                yield _renamed(run_job[0], "run_job_task")
            python = entry(task, "python_task")
            if python and not entry(task, "notebook_task") and not entry(task, "spark_python_task"):
                yield from _python_spans(path, *python, snapshot)


def _python_spans(path: str, key: ScalarNode, body: Node, snapshot: BundleSnapshot) -> Iterator[Span]:
    """A plain Python file keeps its fields and its flags; a notebook takes a path and named values."""
    file = entry(body, "python_file")
    configured = scalar(body, "python_file") or scalar(body, "notebook_path") or ""
    local = file_named(configured, path, snapshot)
    if local is None:
        return  # Outside of the bundle it cannot be told whether it is a notebook.
    source = snapshot.files[local]
    if not is_notebook(local, source):
        yield _renamed(key, "spark_python_task")
        return
    parameters = base_parameters_span(body, source)
    if entry(body, "parameters") and parameters is None:
        return
    yield _renamed(key, "notebook_task")
    if file:
        yield _renamed(file[0], "notebook_path")
    if parameters:
        yield parameters


def _renamed(key: ScalarNode, name: str) -> Span:
    return Span(start=key.start_mark.index, end=key.end_mark.index, new=name)
