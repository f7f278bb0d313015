"""What a workspace keeps besides jobs, pipelines and files: each with a service of its own."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.alerts import AlertService
from sandbox.dashboards import DashboardService
from sandbox.files import WorkspaceFiles
from sandbox.genie import GenieService
from sandbox.monitors.by_id import MonitorsById
from sandbox.monitors.service import MonitorService
from sandbox.statements import StatementService
from sandbox.store import Store
from sandbox.warehouse import Warehouse


@dataclass(frozen=True, kw_only=True)
class Assets:
    """The services."""

    alerts: AlertService
    dashboards: DashboardService
    genie: GenieService
    monitors: MonitorService
    monitors_by_id: MonitorsById

    def recover(self) -> None:
        """Close what a daemon left behind when it died."""
        self.monitors.recover()

    def close(self) -> None:
        """Stop the threads."""
        self.alerts.close()
        self.monitors.close()


def make_assets(store: Store, files: WorkspaceFiles, statements: StatementService, warehouse: Warehouse) -> Assets:
    """Put the services together."""
    dashboards = DashboardService(store, files, statements, warehouse)
    monitors = MonitorService(store, statements, dashboards)
    return Assets(
        alerts=AlertService(store, files, statements, warehouse),
        dashboards=dashboards,
        genie=GenieService(store, files, statements, warehouse),
        monitors=monitors,
        monitors_by_id=MonitorsById(store, monitors, statements),
    )
