"""All monitors: made, changed, deleted, and refreshed in the background."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

from sandbox.catalog import Catalog
from sandbox.dashboards import DashboardService
from sandbox.errors import ApiError
from sandbox.layout import WORKSPACE_ID
from sandbox.monitors.config import checked, initializes
from sandbox.monitors.dashboard import monitor_dashboard
from sandbox.monitors.plan import Column, make_plan
from sandbox.monitors.records import MonitorRecord, RefreshRecord, RefreshState
from sandbox.monitors.refresh import CanceledError, Refresh, RefreshError
from sandbox.object_ids import object_id
from sandbox.records import new_id, now_ms
from sandbox.statements import StatementService
from sandbox.store import Collection, Store
from sandbox.ticker import Schedule

LOST = "The refresh was interrupted: its cluster was lost."


class MonitorService:
    """Monitors by the name of their table."""

    def __init__(self, store: Store, statements: StatementService, dashboards: DashboardService) -> None:
        self._monitors, self._refreshes = Collection(store, MonitorRecord), Collection(store, RefreshRecord)
        self._statements, self._dashboards = statements, dashboards
        self._catalog = Catalog(statements)
        self._lock = threading.RLock()
        self._turn: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._running: dict[int, Refresh] = {}
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="monitor")

    def create(self, table_name: str, body: dict[str, Any]) -> MonitorRecord:
        """Make a monitor; its initialization and its first refresh go on in the background."""
        columns = self._columns(table_name)
        config = checked(body, columns)
        self._catalog.schema(config["output_schema_name"])
        with self._lock:
            if self._monitors.find(table_name) is not None:
                raise ApiError.exists(f"Data Monitor '{table_name}' already exists")
            record = MonitorRecord(table_name=table_name, config=config)
            self._monitors.add(record)
        self._pool.submit(self._initialize, table_name)
        return record

    def find(self, table_name: str) -> MonitorRecord:
        """The monitor of a table."""
        record = self._monitors.find(table_name)
        if record is None:
            place = f"/metastores:{object_id(str(WORKSPACE_ID))}/tables:{object_id(table_name)}/"
            raise ApiError.missing(f"Cannot find Monitor with ID: {place}")
        return record

    def all(self) -> list[MonitorRecord]:
        """Every monitor, oldest first."""
        return self._monitors.list(oldest_first=True)

    def update(self, table_name: str, body: dict[str, Any]) -> MonitorRecord:
        """Replace the configuration: what the body leaves out is erased, but for the assets' folder."""
        known = self.find(table_name).config
        kept = {name: known[name] for name in ("assets_dir", "warehouse_id") if name in known}
        config = checked(body, self._columns(table_name)) | kept
        self._catalog.schema(config["output_schema_name"])
        with self._lock:
            record = self.find(table_name)
            record.config, record.version = config, record.version + 1
            record.dashboard_id = config.pop("dashboard_id", None) or record.dashboard_id
            if record.status != "PENDING":
                record.status = "ACTIVE" if initializes(config) else "ERROR"
            self._monitors.save(record)
            return record

    def delete(self, table_name: str) -> None:
        """Delete a monitor; its output tables and its dashboard stay."""
        self.find(table_name)
        for refresh in self._refreshes.list(owner=table_name, active=True):
            self.cancel(table_name, refresh.refresh_id)
        with self._lock:
            self._monitors.remove(table_name)
            self._refreshes.remove_owned(table_name)

    def refresh(self, table_name: str, trigger: Literal["MANUAL", "SCHEDULE"] = "MANUAL") -> RefreshRecord:
        """Begin a refresh."""
        self.find(table_name)
        refresh = RefreshRecord(refresh_id=new_id(), table_name=table_name, trigger=trigger)
        self._refreshes.add(refresh)
        self._pool.submit(self._perform, refresh.refresh_id)
        return refresh

    def refreshes(self, table_name: str) -> list[RefreshRecord]:
        """Refreshes of a monitor, newest first."""
        self.find(table_name)
        return self._refreshes.list(owner=table_name)

    def find_refresh(self, table_name: str, refresh_id: int) -> RefreshRecord:
        """One refresh of a monitor."""
        self.find(table_name)
        refresh = self._refreshes.find(refresh_id)
        if refresh is None or refresh.table_name != table_name:
            raise ApiError.missing(f"Refresh {refresh_id} of the monitor of '{table_name}' does not exist.")
        return refresh

    def cancel(self, table_name: str, refresh_id: int) -> RefreshRecord:
        """Cancel a refresh; one that has ended stays as it is."""
        with self._lock:
            refresh = self.find_refresh(table_name, refresh_id)
            running = self._running.get(refresh_id)
            if refresh.active:
                refresh = self._end(refresh_id, "CANCELED", "The refresh was canceled.")
        if running is not None:
            running.cancel()
        return refresh

    def schedules(self) -> Iterable[Schedule]:
        """The schedules that are not paused."""
        for record in self.all():
            schedule = record.config.get("schedule")
            if schedule and schedule["pause_status"] != "PAUSED":
                yield Schedule(record.table_name, schedule["quartz_cron_expression"], schedule["timezone_id"])

    def run_scheduled(self, key: str) -> None:
        """Refresh a monitor because its time has come."""
        self.refresh(key, "SCHEDULE")

    def recover(self) -> None:
        """Close the refreshes that were under way when a daemon died, and finish what was being initialized."""
        for refresh in self._refreshes.list(active=True):
            self._end(refresh.refresh_id, "FAILED", LOST)
        for record in self.all():
            if record.status == "PENDING":
                self._pool.submit(self._initialize, record.table_name)

    def close(self) -> None:
        """Stop the threads."""
        for running in list(self._running.values()):
            running.cancel()
        self._pool.shutdown(wait=False, cancel_futures=True)

    # In the background

    def _initialize(self, table_name: str) -> None:
        with self._lock:
            record = self._monitors.find(table_name)
            if record is None:
                return
            record.status = "ACTIVE" if initializes(record.config) else "ERROR"
            if record.status == "ACTIVE" and not record.config.get("skip_builtin_dashboard"):
                record.dashboard_id = monitor_dashboard(self._dashboards, table_name, record.config)
            self._monitors.save(record)
        self.refresh(table_name)

    def _perform(self, refresh_id: int) -> None:
        refresh = self._refreshes.find(refresh_id)
        if refresh is None:
            return
        with self._turn[refresh.table_name]:
            work = self._begin(refresh_id)
            if work is not None:
                self._outcome(refresh_id, work)

    def _begin(self, refresh_id: int) -> Refresh | None:
        with self._lock:
            refresh = self._refreshes.find(refresh_id)
            if refresh is None or refresh.state != "PENDING":
                return None
            refresh.state = "RUNNING"
            self._refreshes.save(refresh)
            self._running[refresh_id] = work = Refresh(self._statements)
            return work

    def _outcome(self, refresh_id: int, work: Refresh) -> None:
        state: RefreshState = "SUCCESS"
        message = ""
        try:
            self._compute(refresh_id, work)
        except CanceledError:
            state, message = "CANCELED", "The refresh was canceled."
        except RefreshError as error:
            state, message = "FAILED", str(error)
        except Exception as error:  # noqa: BLE001  a defect of the sandbox must end this refresh, not leave it running
            state, message = "FAILED", f"SANDBOX_DEFECT: {error!r}"
        with self._lock:
            self._running.pop(refresh_id, None)
            self._end(refresh_id, state, message)

    def _compute(self, refresh_id: int, work: Refresh) -> None:
        refresh = self._refreshes.find(refresh_id)
        record = self._monitors.find(refresh.table_name) if refresh else None
        if refresh is None or record is None:
            raise CanceledError
        if not initializes(record.config):
            raise RefreshError  # as quiet as the initialization that failed
        work.run(make_plan(record.table_name, record.config, record.version), refresh.start_time)

    def _end(self, refresh_id: int, state: RefreshState, message: str) -> RefreshRecord:
        with self._lock:
            refresh = self._refreshes.find(refresh_id)
            if refresh is None:
                raise ApiError.missing(f"Refresh {refresh_id} does not exist.")
            if refresh.active:
                refresh.state, refresh.message, refresh.end_time = state, message, now_ms()
                self._refreshes.save(refresh)
            record = self._monitors.find(refresh.table_name)
            if record is not None and refresh.state in {"SUCCESS", "FAILED"}:
                record.failure = refresh.message or None
                self._monitors.save(record)
            return refresh

    def _columns(self, table_name: str) -> list[Column]:
        found = self._catalog.table(table_name)["columns"]
        return [Column(column["name"], column["type_text"]) for column in found]
