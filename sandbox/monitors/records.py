"""What is stored about monitors and their refreshes."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from sandbox.records import now_ms
from sandbox.store import Record

MonitorState = Literal["PENDING", "ACTIVE", "ERROR", "FAILED", "DELETE_PENDING"]
RefreshState = Literal["PENDING", "RUNNING", "SUCCESS", "FAILED", "CANCELED"]


class MonitorRecord(Record):
    """The monitor of one table."""

    kind: ClassVar[str] = "monitor"
    table_name: str
    config: dict[str, Any]
    """As in the API that goes by table names."""
    status: MonitorState = "PENDING"
    version: int = 0
    dashboard_id: str | None = None
    failure: str | None = None

    @property
    def key(self) -> str:
        """The table's name."""
        return self.table_name


class RefreshRecord(Record):
    """One computation of a monitor's metrics."""

    kind: ClassVar[str] = "monitor_refresh"
    refresh_id: int
    table_name: str
    state: RefreshState = "PENDING"
    trigger: Literal["MANUAL", "SCHEDULE"] = "MANUAL"
    start_time: int = Field(default_factory=now_ms)
    end_time: int = 0
    message: str = ""

    @property
    def key(self) -> str:
        """The refresh id."""
        return str(self.refresh_id)

    @property
    def owner(self) -> str:
        """The table."""
        return self.table_name

    @property
    def active(self) -> bool:
        """Whether it has not ended yet."""
        return self.state in {"PENDING", "RUNNING"}


class AnomalyRecord(Record):
    """Anomaly detection on one schema: kept, since nothing here detects anomalies."""

    kind: ClassVar[str] = "anomaly_detection"
    schema_name: str
    config: dict[str, Any]

    @property
    def key(self) -> str:
        """The schema's name."""
        return self.schema_name
