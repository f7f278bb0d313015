"""What the control plane asks of a compute mode: `spark` runs real engines, `scripted` plays outcomes from a script.

The control plane (sandbox/api, sandbox/runs.py) knows only this module; it never imports an engine.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

LOST = (
    "Could not reach driver of the cluster. The spark driver has stopped unexpectedly and is restarting. "
    "Your notebook will be automatically reattached."
)
"""What work in progress says when its engine is lost, in Databricks' words."""

TaskKind = Literal["notebook", "sql_file", "python_file", "python_wheel"]


@dataclass(frozen=True, kw_only=True)
class TaskRequest:
    """One attempt of a task that runs user code."""

    task_run_id: int
    job_name: str
    task_key: str
    kind: TaskKind
    source: Path
    """Local file that holds the source (with its extension: .py or .sql); of no meaning for a wheel."""
    workspace_path: str
    """The path as the user knows it (`/Workspace/Users/…/files/src/load`), for traces and dbutils."""
    workspace_root: Path
    """Local folder that mirrors `/Workspace`; bundle files are importable from below it."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Widget values of a notebook, bind values of a SQL file, keyword arguments of a wheel."""
    arguments: tuple[str, ...] = ()
    """Command-line arguments of a Python file or a wheel."""
    entry_point: tuple[str, str] = ("", "")
    """Package and entry point of a wheel."""
    input: Any = None
    """The element that an iteration of a for_each_task works on."""
    task_values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What other tasks of the run have set with dbutils.jobs.taskValues, by task key."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Environment variables of the process that does the work."""
    dependencies: tuple[str, ...] = ()
    """pip requirements of the task's environment."""
    user_name: str = ""
    timeout_seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class TaskResult:
    """How one attempt ended."""

    state: Literal["SUCCESS", "FAILED", "CANCELED", "TIMEDOUT", "INTERNAL_ERROR"]
    exit_value: str | None = None
    """Argument of dbutils.notebook.exit, None if the notebook simply ended."""
    task_values: Mapping[str, Any] = field(default_factory=dict)
    """What the task has set with dbutils.jobs.taskValues, by name; it counts even if the task failed afterwards."""
    error: str | None = None
    """Short form, as in `error` of jobs/runs/get-output: `[ERROR_CLASS] message` or `ModuleNotFoundError: …`."""
    error_trace: str | None = None
    """The whole Python trace as Databricks shows it."""
    message: str = ""
    """state_message of the task run; `Workload failed, see run output for details` for failures of user code."""
    logs: str = ""
    """What the task printed (last 5 MB)."""


@dataclass(frozen=True, kw_only=True)
class StatementRequest:
    """One SQL statement for a warehouse."""

    statement_id: str
    statement: str
    catalog: str | None = None
    schema: str | None = None
    parameters: tuple[Mapping[str, Any], ...] = ()
    """`{name, value, type}` items; value is text or None."""
    row_limit: int | None = None
    user_name: str = ""
    """Who executes it; the administrator if left out."""


@dataclass(frozen=True, kw_only=True)
class StatementResult:
    """How a statement ended; rows are JSON_ARRAY values: text, or None for NULL."""

    state: Literal["SUCCEEDED", "FAILED", "CANCELED"]
    columns: tuple[Mapping[str, Any], ...] = ()
    """`{name, type_text, type_name, position}` as in manifest.schema.columns."""
    rows: tuple[tuple[str | None, ...], ...] = ()
    truncated: bool = False
    error_code: str | None = None
    error_message: str | None = None
    sql_state: str | None = None


@dataclass(frozen=True, kw_only=True)
class UpdateRequest:
    """One update of a pipeline."""

    pipeline_id: str
    update_id: str
    name: str
    catalog: str
    schema: str
    libraries: tuple[tuple[Path, str], ...]
    """(local file, workspace path) of each source, globs already expanded."""
    workspace_root: Path
    root_path: str | None
    configuration: Mapping[str, str] = field(default_factory=dict)
    dependencies: tuple[str, ...] = ()
    full_refresh: bool = False
    refresh_selection: tuple[str, ...] = ()
    full_refresh_selection: tuple[str, ...] = ()
    validate_only: bool = False
    storage: Path = Path()
    """Local folder for checkpoints, the same for every update of a pipeline."""


@dataclass(frozen=True, kw_only=True)
class PipelineEvent:
    """One event in Databricks' shape; the control plane adds id, sequence and the pipeline's origin fields."""

    event_type: Literal["update_progress", "flow_progress", "flow_definition", "dataset_definition", "create_update"]
    level: Literal["INFO", "WARN", "ERROR", "METRICS"]
    message: str
    flow_name: str | None = None
    dataset_name: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    """For example `{"flow_progress": {"status": "COMPLETED", "metrics": {…}, "data_quality": {…}}}`."""
    exceptions: tuple[Mapping[str, Any], ...] = ()
    """error.exceptions: `{class_name, message, stack}`; the innermost cause is the last entry."""
    fatal: bool = False


@dataclass(frozen=True, kw_only=True)
class UpdateResult:
    """How an update ended."""

    state: Literal["COMPLETED", "FAILED", "CANCELED"]
    message: str = ""


EventSink = Callable[[PipelineEvent], None]


class Compute(Protocol):
    """A compute mode. Every call blocks, is safe to make from several threads, and never raises for user code."""

    def start(self) -> None:
        """Begin to start the engines in the background and return at once."""

    def wait_until_ready(self, timeout_seconds: float) -> None:
        """Return when the engines answer; raise RuntimeError with one clear line when they do not."""

    def stop(self) -> None:
        """Stop every process that this mode started."""

    def status(self) -> Mapping[str, Any]:
        """State for `sandbox status`: mode, ready, pid, versions, memory."""

    def run_task(self, request: TaskRequest, cancel: threading.Event) -> TaskResult:
        """Run one task attempt to its end, or until `cancel` is set."""

    def run_statement(self, request: StatementRequest, cancel: threading.Event) -> StatementResult:
        """Run one SQL statement to its end, or until `cancel` is set."""

    def run_update(self, request: UpdateRequest, emit: EventSink, cancel: threading.Event) -> UpdateResult:
        """Run one pipeline update to its end, or until `cancel` is set; every event goes to `emit` as it happens."""

    def lose_engine(self) -> None:
        """Kill the engine: work in progress ends as with a lost cluster, and the engine comes back by itself."""
