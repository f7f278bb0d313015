"""One attempt of a task: from its definition to a request for compute, and from the result to state and output."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.compute import TaskRequest, TaskResult
from sandbox.files import WorkspaceFiles
from sandbox.job_settings import task_type
from sandbox.layout import USER_NAME
from sandbox.records import RunRecord, RunState, TaskRecord

FAILED_MESSAGE = "Workload failed, see run output for details"
_REFERENCE = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")
_LOG_LIMIT = 5_000_000
_WITH_LOGS = ("spark_jar_task", "spark_python_task", "python_wheel_task")
"""The API returns what a task printed for these types only; of a notebook it has the exit value and the error."""


@dataclass(frozen=True)
class RefusedError(Exception):
    """Why a task cannot be given to compute."""

    message: str
    code: str

    def state(self) -> RunState:
        """State of the task run that was refused."""
        return RunState(
            life_cycle_state="INTERNAL_ERROR", result_state="FAILED", state_message=self.message, code=self.code
        )


def build_request(run: RunRecord, task: TaskRecord, files: WorkspaceFiles, *, needs_sources: bool) -> TaskRequest:
    """What compute is asked to do.

    Raises:
        RefusedError: The source does not exist, or the task is of a type that the sandbox does not run.
    """
    kind, path = _source_of(task.definition, needs_sources=needs_sources)
    source = files.source(path, notebook=kind == "notebook_task")
    if source is None and needs_sources:
        raise RefusedError(_missing(kind, path), "RESOURCE_NOT_FOUND")
    return TaskRequest(
        task_run_id=task.run_id,
        job_name=run.run_name,
        task_key=task.task_key,
        kind="sql_file" if kind == "sql_task" else "notebook",
        source=source or Path(),
        workspace_path=path,
        workspace_root=files.root,
        parameters=task_parameters(run, task),
        dependencies=_dependencies(run, task),
        user_name=USER_NAME,
        timeout_seconds=task.definition.get("timeout_seconds") or None,
    )


def _source_of(definition: Mapping[str, Any], *, needs_sources: bool) -> tuple[str, str]:
    kind = task_type(dict(definition)) or ""
    if kind == "notebook_task":
        return kind, str(definition[kind]["notebook_path"])
    if kind == "sql_task" and (definition[kind].get("file") or {}).get("path"):
        return kind, str(definition[kind]["file"]["path"])
    if not needs_sources:
        return kind, str((definition.get(kind) or {}).get("python_file", ""))
    raise RefusedError(
        f"SANDBOX_UNSUPPORTED: the sandbox does not run a task of type {kind}.", "INVALID_RUN_CONFIGURATION"
    )


def _missing(kind: str, path: str) -> str:
    what = "notebook" if kind == "notebook_task" else "file"
    return (
        f'Unable to access the {what} "{path}" in the workspace. Either the {what} does not exist or the identity used '
        f"to run this job, {USER_NAME} (owner), lacks the required permissions."
    )


def _dependencies(run: RunRecord, task: TaskRecord) -> tuple[str, ...]:
    wanted = task.definition.get("environment_key")
    for environment in run.settings.get("environments") or ():
        if environment.get("environment_key") == wanted:
            return tuple((environment.get("spec") or {}).get("dependencies") or ())
    return ()


def task_parameters(run: RunRecord, task: TaskRecord) -> dict[str, str]:
    """Widget or bind values: the task's own, then notebook parameters of the run, then job parameters on top."""
    kind = task_type(task.definition) or ""
    body = task.definition.get(kind) or {}
    own = body.get("base_parameters") or body.get("parameters") or body.get("job_parameters") or {}
    values = {name: _resolve(str(value), run, task) for name, value in own.items()} if isinstance(own, dict) else {}
    if kind == "notebook_task" and not run.job_parameters:
        values |= {name: str(value) for name, value in (run.overriding_parameters.get("notebook_params") or {}).items()}
    return values | run.job_parameters


def _resolve(text: str, run: RunRecord, task: TaskRecord) -> str:
    known = {
        "job.id": str(run.job_id),
        "job.run_id": str(run.run_id),
        "job.name": run.run_name,
        "task.run_id": str(task.run_id),
        "task.name": task.task_key,
        "task.execution_count": str(task.attempt_number + 1),
        **{f"job.parameters.{name}": value for name, value in run.job_parameters.items()},
    }
    return _REFERENCE.sub(lambda found: known.get(found[1], found[0]), text)


def state_of(result: TaskResult) -> RunState:
    """State of a task run that compute brought to its end."""
    if result.state == "SUCCESS":
        return RunState(life_cycle_state="TERMINATED", result_state="SUCCESS", code="SUCCESS")
    if result.state == "INTERNAL_ERROR":
        message = result.message or result.error or "Could not reach driver of cluster."
        return RunState(
            life_cycle_state="INTERNAL_ERROR", result_state="FAILED", state_message=message, code="DRIVER_ERROR"
        )
    code, message = {
        "FAILED": ("RUN_EXECUTION_ERROR", FAILED_MESSAGE),
        "CANCELED": ("USER_CANCELED", "Run cancelled."),
        "TIMEDOUT": ("CANCELED", "Run timed out."),
    }[result.state]
    return RunState(
        life_cycle_state="TERMINATED",
        result_state=result.state,
        state_message=result.message or message,
        code=code,
    )


def output_of(result: TaskResult, definition: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of `runs/get-output` for a task that compute brought to its end."""
    output: dict[str, Any] = {}
    if definition.get("notebook_task") is not None:
        output["notebook_output"] = (
            {"result": result.exit_value, "truncated": False} if result.exit_value is not None else {}
        )
    elif definition.get("sql_task") is not None:
        output["sql_output"] = {}
    if result.logs and task_type(dict(definition)) in _WITH_LOGS:
        output |= {"logs": result.logs[-_LOG_LIMIT:], "logs_truncated": len(result.logs) > _LOG_LIMIT}
    if result.error is not None:
        output["error"] = result.error
    if result.error_trace is not None:
        output["error_trace"] = result.error_trace
    return output
