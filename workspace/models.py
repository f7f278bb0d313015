"""Plain frozen data about bundles and runs. No I/O here; every model has a JSON form and crosses task boundaries."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal

from workspace.cli_models import CliDiagnostic, CliOutcome, DeployPlan, PlannedChange
from workspace.model import Model, SourceLocation

__all__ = [
    "CliDiagnostic",
    "CliOutcome",
    "ConnectionInfo",
    "DeployPlan",
    "Evidence",
    "ExpectationFigures",
    "Failure",
    "Layer",
    "Model",
    "PlannedChange",
    "ResolvedBundle",
    "Resource",
    "RunHandle",
    "RunOutcome",
    "RunResult",
    "SourceLocation",
    "StatementResult",
    "Surface",
    "TableShape",
    "TaskOutcome",
    "TaskOutput",
]


class Layer(StrEnum):
    """Layers of a medallion lakehouse in the order in which they run; `none` runs last."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD_SETUP = "gold_setup"
    GOLD_MERGE = "gold_merge"
    SEMANTIC = "semantic"
    MONITORING = "monitoring"
    ALERTING = "alerting"
    GENIE = "genie"
    NONE = "none"


class Resource(Model):
    """One resource of a resolved bundle."""

    key: str
    """`jobs.gold_merge_job`"""
    type: str
    """Plural type name as in the bundle file: `jobs`, `pipelines`, …"""
    name: str
    """Name as deployed, with the target's prefix."""
    config: Mapping[str, Any]
    """Resolved configuration as `bundle validate -o json` prints it."""
    id: str | None = None
    url: str | None = None
    location: SourceLocation | None = None

    @property
    def tags(self) -> Mapping[str, str]:
        """Tags of the resource, empty when it has none."""
        return self.config.get("tags") or {}


class ResolvedBundle(Model):
    """A bundle as resolved for one target."""

    name: str
    target: str
    mode: str | None
    """`development`, `production`, or None; everything but development counts as production."""
    root: str
    """Local folder of the bundle (the operation's working copy)."""
    remote_root: str
    """`workspace.root_path` of the target."""
    file_root: str = ""
    """`workspace.file_path` of the target: where deployed files stand."""
    state_root: str = ""
    """`workspace.state_path` of the target: where the CLI keeps its deployment state and its lock."""
    host: str = ""
    """`workspace.host` when the bundle names one, else empty."""
    user: str
    variables: Mapping[str, Any]
    resources: tuple[Resource, ...]

    @property
    def is_production(self) -> bool:
        """True unless the target says `mode: development`."""
        return self.mode != "development"

    def resource(self, key: str) -> Resource:
        """Return the resource with this key.

        Raises:
            KeyError: no such resource.
        """
        for resource in self.resources:
            if resource.key == key:
                return resource
        raise KeyError(key)


class Surface(StrEnum):
    """Where a failure's text came from (facts: labels of a diagnosis)."""

    VALIDATE = "validate"
    PLAN = "plan"
    DEPLOY = "deploy"
    JOB = "job"
    PIPELINE = "pipeline"
    MONITOR = "monitor"
    ALERT = "alert"
    DASHBOARD = "dashboard"
    SQL = "sql"
    CLUSTER = "cluster"
    WAREHOUSE = "warehouse"
    GENIE = "genie"
    SERVING = "serving"
    AUTH = "auth"


class RunHandle(Model):
    """A started run: enough to find it again after a crash."""

    resource: str
    iteration: int
    kind: Literal["job", "pipeline"]
    parent_id: str
    """Job id or pipeline id."""
    run_id: str
    """Job run id or update id."""
    url: str


class RunResult(StrEnum):
    """How a run ended, the same words for job runs and pipeline updates."""

    SUCCESS = "success"
    FAILED = "failed"
    CANCELED = "canceled"
    TIMED_OUT = "timed_out"
    SKIPPED = "skipped"
    INTERNAL_ERROR = "internal_error"
    UPSTREAM_FAILED = "upstream_failed"
    EXCLUDED = "excluded"


class TaskOutcome(Model):
    """The latest attempt of one task of a job run."""

    task_key: str
    run_id: str
    result: RunResult
    message: str = ""
    url: str = ""
    attempt: int = 0
    child_run_id: str | None = None
    """Run started by a run_job_task."""
    is_loop: bool = False
    """It is a for_each_task: its iterations did the work."""


class RunOutcome(Model):
    """The end of a run, in the words Databricks used and in ours."""

    handle: RunHandle
    result: RunResult
    life_cycle_state: str
    result_state: str
    message: str = ""
    termination_code: str = ""
    termination_type: str = ""
    tasks: tuple[TaskOutcome, ...] = ()
    seconds: float = 0.0

    @property
    def succeeded(self) -> bool:
        """True only for a run that Databricks calls a success."""
        return self.result is RunResult.SUCCESS


class TaskOutput(Model):
    """What one task run left behind (jobs/runs/get-output), already redacted."""

    task_key: str
    """Key of the task; tasks of a run started by a run_job_task read `parent/child`."""
    run_id: str
    result: RunResult | None = None
    url: str = ""
    exit_value: str | None = None
    truncated: bool = False
    error: str = ""
    error_trace: str = ""
    logs: str = ""
    unavailable: str = ""
    """Why the output could not be read, empty when it was."""


class ExpectationFigures(Model):
    """What one expectation counted in one pipeline update."""

    name: str
    dataset: str
    flow_name: str = ""
    passed_records: int = 0
    failed_records: int = 0


class StatementResult(Model):
    """Rows of one SQL statement; every value is text, or None for NULL."""

    statement_id: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    truncated: bool = False
    """The workspace or our own row limit cut the result."""


class ConnectionInfo(Model):
    """Which workspace answers, and as whom."""

    host: str
    user: str
    workspace_id: str


class Failure(Model):
    """One failed task, flow or CLI diagnostic, with everything that was collected about it. Texts are redacted."""

    surface: Surface
    error: str
    """The error text as short as the source gives it."""
    trace: str = ""
    """The longer text: Python trace, exception chain, API detail block."""
    task_key: str | None = None
    task_run_id: str | None = None
    flow_name: str | None = None
    exit_json: Mapping[str, Any] | None = None
    last_step: str | None = None
    """Last `[Step N/M] text` of the first of these that has one: printed output (which the workspace keeps for Python
    and JAR tasks only), exit JSON, error, trace without its source lines. None where none of them has one."""
    logs: str = ""
    location: SourceLocation | None = None
    """Where the failing line stands in the bundle, when it could be told."""
    source_excerpt: str = ""
    url: str = ""
    incomplete: str = ""
    """What could not be read and why; empty when the evidence is whole."""

    @property
    def text(self) -> str:
        """The text that patterns are matched against: error first, then trace."""
        return self.error if not self.trace or self.trace in self.error else f"{self.error}\n{self.trace}"


class TableShape(Model):
    """Columns of one table, in order."""

    name: str
    """Three-part name."""
    columns: tuple[str, ...]
    types: tuple[str, ...] = ()


class Evidence(Model):
    """Everything collected about one failure of one resource (or of the bundle itself, when `resource` is None)."""

    operation: str
    target: str
    resource: str | None
    """Resource key; None when validate, plan or deploy failed."""
    resource_name: str = ""
    surface: Surface
    layer: Layer = Layer.NONE
    iteration: int = 1
    run_id: str | None = None
    url: str = ""
    failures: tuple[Failure, ...]
    tables: tuple[TableShape, ...] = ()
    """Shapes of the tables that the failures name, as far as they exist."""
    unproven: bool = False
    """The run succeeded, but a task's own word could not be read: running it again may do its work twice."""

    @property
    def about(self) -> str:
        """Resource key, or `bundle`."""
        return self.resource or "bundle"
