"""From a task of a job to a request for compute: source, parameters and environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.compute import TaskKind, TaskRequest
from sandbox.files import WorkspaceFiles
from sandbox.records import RunRecord, TaskRecord
from sandbox.refusals import RefusedError, unsupported
from sandbox.task_types import task_type

_KINDS: dict[str, TaskKind] = {
    "notebook_task": "notebook",
    "sql_task": "sql_file",
    "spark_python_task": "python_file",
    "python_wheel_task": "python_wheel",
}
_ARGUMENTS_OF_RUN = {"spark_python_task": "python_params", "python_wheel_task": "python_params"}


@dataclass(frozen=True, kw_only=True)
class TaskContext:
    """What a task is given besides its own settings."""

    run: RunRecord
    task: TaskRecord
    job_parameters: Mapping[str, str] = field(default_factory=dict)
    """Values of the job's parameters, without references."""
    task_values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What other tasks of the run have set, by task key."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Environment variables of the process that does the work."""

    @property
    def kind(self) -> str:
        """Name of the field that says what the task does."""
        return task_type(self.task.definition) or ""

    @property
    def body(self) -> Mapping[str, Any]:
        """That field, without references."""
        return self.task.resolved


def build_request(context: TaskContext, files: WorkspaceFiles, *, needs_sources: bool) -> TaskRequest:
    """What compute is asked to do.

    Raises:
        RefusedError: The source does not exist, or the task is of a type that the sandbox does not run.
    """
    run, task, kind = context.run, context.task, context.kind
    if needs_sources:
        _refuse_unsupported(kind, context.body)
    path = _path(kind, context.body)
    source = files.source(path, notebook=kind == "notebook_task") if path else None
    if source is None and needs_sources and kind != "python_wheel_task":
        raise RefusedError(_missing(kind, path, run.run_as), "RESOURCE_NOT_FOUND")
    package, entry_point = (context.body.get(name) or "" for name in ("package_name", "entry_point"))
    return TaskRequest(
        task_run_id=task.run_id,
        job_name=run.run_name,
        task_key=task.task_key,
        input=task.input,
        kind=_KINDS.get(kind, "notebook"),
        source=source or Path(),
        workspace_path=path,
        workspace_root=files.root,
        parameters=parameters(context),
        arguments=_arguments(context),
        entry_point=(str(package), str(entry_point)),
        task_values=context.task_values,
        variables=context.variables,
        dependencies=_dependencies(run, task),
        user_name=run.run_as,
        timeout_seconds=task.definition.get("timeout_seconds") or None,
    )


def parameters(context: TaskContext) -> dict[str, str]:
    """Named values: the task's own, then those of the run for this type, then the job's parameters on top."""
    kind, run = context.kind, context.run
    names = {"notebook_task": "base_parameters", "run_job_task": "job_parameters", "sql_task": "parameters"}
    own = context.body.get(names.get(kind, "named_parameters")) or {}
    values = {str(name): str(value) for name, value in own.items()} if isinstance(own, dict) else {}
    of_run = {"notebook_task": "notebook_params", "sql_task": "sql_params", "python_wheel_task": "python_named_params"}
    if kind in of_run and not context.job_parameters:
        overriding = run.overriding_parameters.get(of_run[kind]) or {}
        values |= {str(name): str(value) for name, value in overriding.items()}
    if kind == "python_wheel_task" and not values:
        return {}  # without keyword arguments of its own, a wheel's parameters are positional
    return values | dict(context.job_parameters)


def _arguments(context: TaskContext) -> tuple[str, ...]:
    own = context.body.get("parameters")
    given = context.run.overriding_parameters.get(_ARGUMENTS_OF_RUN.get(context.kind, "")) or own
    return tuple(str(value) for value in given) if isinstance(given, list) else ()


def _refuse_unsupported(kind: str, body: Mapping[str, Any]) -> None:
    if kind not in _KINDS:
        raise unsupported(f"a task of type {kind}")
    if body.get("source") == "GIT":
        raise unsupported(f"a {kind} whose source is a Git repository")
    if kind == "sql_task" and not (body.get("file") or {}).get("path"):
        what = next((name for name in ("query", "alert", "dashboard") if body.get(name)), "no file")
        raise unsupported(f"a sql_task with {what}; write it as a SQL file")


def _path(kind: str, body: Mapping[str, Any]) -> str:
    if kind == "sql_task":
        return str((body.get("file") or {}).get("path", ""))
    return str(body.get("notebook_path") or body.get("python_file") or "")


def _missing(kind: str, path: str, user: str) -> str:
    what = "notebook" if kind == "notebook_task" else "file"
    return (
        f'Unable to access the {what} "{path}" in the workspace. Either the {what} does not exist or the identity used '
        f"to run this job, {user} (owner), lacks the required permissions."
    )


def _dependencies(run: RunRecord, task: TaskRecord) -> tuple[str, ...]:
    """Requirements of the task's environment, and the libraries of the task itself in pip's words."""
    wanted = task.definition.get("environment_key")
    found: list[str] = []
    for environment in run.settings.get("environments") or ():
        if wanted and environment.get("environment_key") == wanted:
            found += (environment.get("spec") or {}).get("dependencies") or ()
    for library in task.definition.get("libraries") or ():
        found += _requirement(library)
    return tuple(str(one) for one in found)


def _requirement(library: Mapping[str, Any]) -> list[str]:
    if library.get("whl"):
        return [str(library["whl"])]
    if library.get("requirements"):
        return [f"-r {library['requirements']}"]
    if (library.get("pypi") or {}).get("package"):
        return [str(library["pypi"]["package"])]
    raise unsupported(f"a task with a library of type {next(iter(library), 'none')}")
