"""Quality monitors of tables: whether they are active and refreshed, and their output tables are there."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from workspace.check_models import Check, Fault
from workspace.errors import RunTimeoutError, WorkspaceRequestError
from workspace.redaction import redact
from workspace.sdk import translated
from workspace.services.polling import Growth, Look, Sleep, wait_until_end
from workspace.services.tables import table_shape
from workspace.settings import Settings

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.catalog import MonitorInfo, MonitorRefreshInfo

_BROKEN = {"MONITOR_STATUS_ERROR", "MONITOR_STATUS_FAILED", "MONITOR_STATUS_DELETE_PENDING"}
_ENDED = {"SUCCESS", "FAILED", "CANCELED"}


@dataclass(frozen=True)
class RefreshPatience:
    """How long the end of a refresh is waited for: a first one takes 15 to 20 minutes."""

    poll_seconds: float = 30
    timeout_minutes: float = 30
    sleep: Sleep = time.sleep

    @property
    def timeout(self) -> timedelta:
        """The time limit."""
        return timedelta(minutes=self.timeout_minutes)

    @classmethod
    def from_settings(cls, settings: Settings) -> RefreshPatience:
        """Take it from the settings."""
        return cls(settings.monitor_poll_seconds, settings.monitor_timeout_minutes)


def check_monitor(client: WorkspaceClient, table: str, patience: RefreshPatience | None = None) -> Check:
    """Check the monitor of a table; a refresh that goes on is waited for, and one is begun where there was none.

    Raises:
        WorkspaceRequestError: a fault that may pass, or the monitor may not be read.
    """
    monitor = find_monitor(client, table)
    if monitor is None:
        return Check(faults=(Fault(about=table, text=f"{table} has no monitor."),))
    status = monitor.status.value if monitor.status else ""
    failure = redact(monitor.latest_monitor_failure_msg or "")
    if status in _BROKEN:
        return Check(faults=(Fault(about=table, text=failure or f"The monitor of {table} is {status}."),))
    refreshed = _check_refresh(client, table, patience or RefreshPatience())
    return refreshed if refreshed.faults else refreshed + _check_outputs(client, monitor)


def find_monitor(client: WorkspaceClient, table: str) -> MonitorInfo | None:
    """Return the monitor of a table, None when it has none.

    Raises:
        WorkspaceRequestError: it may not be read.
    """
    try:
        with translated(f"reading the monitor of {table}"):
            return client.quality_monitors.get(table)
    except WorkspaceRequestError as error:
        if error.status == 404:
            return None
        raise


def _check_refresh(client: WorkspaceClient, table: str, patience: RefreshPatience) -> Check:
    refresh = _newest_refresh(client, table)
    if refresh is None:
        with translated(f"refreshing the monitor of {table}"):
            refresh = client.quality_monitors.run_refresh(table)
    refresh_id = refresh.refresh_id

    def look() -> Look[MonitorRefreshInfo]:
        with translated(f"reading a refresh of the monitor of {table}"):
            now = client.quality_monitors.get_refresh(table, refresh_id)
        state = now.state.value if now.state else ""
        return Look(state=state, end=now if state in _ENDED else None)

    try:
        ended = wait_until_end(
            look,
            what=f"Refresh {refresh_id} of the monitor of {table}",
            timeout=patience.timeout,
            sleep=patience.sleep,
            growth=Growth(first=min(5.0, patience.poll_seconds), longest=patience.poll_seconds),
        )
    except RunTimeoutError as error:
        return Check(faults=(Fault(about=table, text=str(error)),))
    if ended.state and ended.state.value == "SUCCESS":
        at = datetime.fromtimestamp((ended.end_time_ms or ended.start_time_ms) / 1000, UTC)
        return Check(details=(f"the monitor of {table} was refreshed at {at:%Y-%m-%d %H:%M} UTC",))
    said = redact(ended.message or "") or f"Refresh {refresh_id} of the monitor of {table} ended as {ended.state}."
    return Check(faults=(Fault(about=table, text=said),))


def _newest_refresh(client: WorkspaceClient, table: str) -> MonitorRefreshInfo | None:
    with translated(f"reading the refreshes of the monitor of {table}"):
        listed = client.quality_monitors.list_refreshes(table).refreshes or []
    return max(listed, key=lambda one: one.start_time_ms or 0, default=None)


def _check_outputs(client: WorkspaceClient, monitor: MonitorInfo) -> Check:
    """Check that the tables which the monitor writes are there."""
    found = Check()
    for name in (monitor.profile_metrics_table_name, monitor.drift_metrics_table_name):
        if name and table_shape(client, name) is None:
            found += Check(faults=(Fault(about=name, text=f"The monitor's output table {name} is not there."),))
        elif name:
            found += Check(details=(f"{name} is there",))
    return found
