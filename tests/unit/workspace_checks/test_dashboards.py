from __future__ import annotations

import json
from typing import Any

from databricks.sdk import WorkspaceClient

from tests.unit.workspace.conftest import LoopbackWorkspace
from tests.unit.workspace_checks.answers import STATEMENTS, refused, rows
from workspace.services.dashboards import check_dashboard
from workspace.services.statements import Place

PATH = "/api/2.0/lakeview/dashboards/d-1"
PLACE = Place("w-1", "main", "gold")


def dashboard(*datasets: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "dashboard_id": "d-1",
        "display_name": "Sales",
        "serialized_dashboard": json.dumps({"datasets": datasets}),
        **more,
    }


def test_every_dataset_is_run_for_one_row_in_the_bundles_catalog_and_schema(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    workspace.answer("GET", PATH, dashboard({"displayName": "days", "queryLines": ["SELECT *\n", "FROM sales"]}))
    workspace.answer("POST", STATEMENTS, rows(["1"]))
    check = check_dashboard(client, "d-1", PLACE)
    assert (check.faults, check.details) == ((), ("dataset days runs",))
    body = workspace.asked(STATEMENTS)[0][3]
    assert (body["catalog"], body["schema"], body["warehouse_id"]) == ("main", "gold", "w-1")
    assert body["statement"] == "SELECT * FROM (\nSELECT *\nFROM sales\n) LIMIT 1"


def test_the_dashboards_own_warehouse_comes_first(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    workspace.answer("GET", PATH, dashboard({"name": "days", "query": "SELECT 1"}, warehouse_id="w-9"))
    workspace.answer("POST", STATEMENTS, rows(["1"]))
    check_dashboard(client, "d-1", PLACE)
    assert workspace.asked(STATEMENTS)[0][3]["warehouse_id"] == "w-9"


def test_one_dataset_that_does_not_run_is_named_and_the_others_are_tried(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    workspace.answer("GET", PATH, dashboard({"name": "a", "query": "SELECT x"}, {"name": "b", "query": "SELECT 1"}))
    workspace.answer("POST", STATEMENTS, refused("[UNRESOLVED_COLUMN] x"), rows(["1"]))
    check = check_dashboard(client, "d-1", PLACE)
    assert [fault.about for fault in check.faults] == ["a"]
    assert check.details == ("dataset b runs",)


def test_parameters_take_their_defaults_and_a_dataset_without_one_is_not_tried(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    chosen = {"values": {"dataType": "STRING", "values": [{"value": "JFK"}]}}
    with_default = {"keyword": "origin", "dataType": "STRING", "defaultSelection": chosen}
    query = "SELECT 1 FROM sales WHERE origin = :origin"
    sets = [
        {"name": n, "query": query, "parameters": [p]} for n, p in (("a", with_default), ("b", {"keyword": "origin"}))
    ]
    workspace.answer("GET", PATH, dashboard(*sets))
    workspace.answer("POST", STATEMENTS, rows(["1"]))
    check = check_dashboard(client, "d-1", PLACE)
    assert workspace.asked(STATEMENTS)[0][3]["parameters"] == [{"name": "origin", "value": "JFK"}]
    assert check.findings == ("dataset b was not tried: no default for origin",)


def test_a_trashed_or_unreadable_dashboard_is_a_fault(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    workspace.answer("GET", PATH, dashboard(lifecycle_state="TRASHED"), dashboard(serialized_dashboard="{"))
    assert "is TRASHED" in check_dashboard(client, "d-1", PLACE).faults[0].text
    assert "no JSON object" in check_dashboard(client, "d-1", PLACE).faults[0].text
