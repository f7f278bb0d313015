"""Correct the name of a task type: `python_task` and `job_task` do not exist. The task's values stay the same."""

from __future__ import annotations

from collections.abc import Iterator

from ruamel.yaml.nodes import Node, ScalarNode

from diagnostics.bundle_yaml import Document, Found, edits_of, entry, scalar
from diagnostics.models import BundleSnapshot, Diagnosis, FixPlan
from diagnostics.sources import file_named, is_notebook
from diagnostics.task_parameters import base_parameters_change
from diagnostics.yaml_changes import Change, Path, Span
from diagnostics.yaml_places import places_of
from knowledge.pattern import Applicability
from workspace.models import Evidence

NAME = "rename_task_type"

_TASK_TYPES = ("notebook_task", "spark_python_task", "run_job_task", "python_wheel_task", "sql_task", "pipeline_task")


def plan(diagnosis: Diagnosis, evidence: Evidence, snapshot: BundleSnapshot) -> FixPlan | None:
    """Propose the right task type for every task that has a wrong one: of the failed job, else of the bundle."""

    def changes(document: Document, task: Found) -> Iterator[Change]:
        return _changes(document, task, snapshot)

    edits, tasks = edits_of(snapshot, evidence.resource, changes)
    if not edits:
        return None
    return FixPlan(
        code=diagnosis.code,
        fixer=NAME,
        title=f"Give {', '.join(tasks)} a task type that exists",
        reason=f"{diagnosis.title} A task without a known type does nothing.",
        applicability=Applicability.SAFE,
        edits=edits,
    )


def _changes(document: Document, task: Found, snapshot: BundleSnapshot) -> Iterator[Change]:
    if any(entry(task.node, name) for name in _TASK_TYPES):
        return  # Two types in one task are a person's choice.
    run_job, python = entry(task.node, "job_task"), entry(task.node, "python_task")
    if run_job and not python and scalar(run_job[1], "job_id"):
        yield _renamed(document, task.path, task.node, run_job[0], "run_job_task")
    elif python and not run_job:
        yield from _python_changes(document, task, python, snapshot)


def _python_changes(
    document: Document, task: Found, python: tuple[ScalarNode, Node], snapshot: BundleSnapshot
) -> list[Change]:
    """A plain Python file keeps its fields and its flags; a notebook takes a path and named values."""
    key, body = python
    file = entry(body, "python_file")
    configured = scalar(body, "python_file") or scalar(body, "notebook_path") or ""
    local = file_named(configured, document.path, snapshot)
    if local is None:
        return []  # Outside of the bundle it cannot be told whether it is a notebook.
    source = snapshot.files[local]
    if not is_notebook(local, source):
        return [_renamed(document, task.path, task.node, key, "spark_python_task")] if file else []
    path = (*task.path, "python_task")
    parameters = base_parameters_change(document.text, path, body, source)
    if entry(body, "parameters") and parameters is None:
        return []
    return [
        *([_renamed(document, path, body, file[0], "notebook_path")] if file else []),
        *([parameters] if parameters else []),
        _renamed(document, task.path, task.node, key, "notebook_task"),
    ]


def _renamed(document: Document, path: Path, holder: Node, key: ScalarNode, name: str) -> Change:
    places = places_of(document.text).entry(holder, key)
    spans = (Span(start=places[0].start, end=places[0].end, new=name),) if places else ()
    return Change(spans, (path,), renamed={str(key.value): name})
