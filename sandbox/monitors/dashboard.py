"""The dashboard that comes with a monitor."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sandbox.dashboards import DashboardService
from sandbox.layout import USER_NAME
from sandbox.monitors.plan import identifier, output_tables


def monitor_dashboard(dashboards: DashboardService, table: str, config: Mapping[str, Any]) -> str:
    """Make the dashboard in the folder of the monitor's assets; returns its id."""
    folder = config.get("assets_dir") or f"/Workspace/Users/{USER_NAME}/databricks_lakehouse_monitoring/{table}"
    names = zip(("profile", "drift"), output_tables(table, config["output_schema_name"]), strict=True)
    datasets = [
        {"name": name, "displayName": name, "queryLines": [f"SELECT * FROM {identifier(output)}"]}
        for name, output in names
    ]
    content = {"datasets": datasets, "pages": [{"name": "overview", "displayName": "Overview", "layout": []}]}
    return dashboards.create_in_new_folder(f"{table} Monitoring", folder, json.dumps(content))
