from __future__ import annotations

from typing import Any

from databricks.sdk import WorkspaceClient

from tests.unit.workspace.conftest import LoopbackWorkspace
from workspace.services.monitors import RefreshPatience, check_monitor

TABLE = "main.gold.sales"
MONITOR = f"/api/2.1/unity-catalog/tables/{TABLE}/monitor"
QUICK = RefreshPatience(sleep=lambda _seconds: None)


def monitor(status: str = "MONITOR_STATUS_ACTIVE", **more: Any) -> dict[str, Any]:
    outputs = {
        "profile_metrics_table_name": "main.gold_monitoring.sales_profile_metrics",
        "drift_metrics_table_name": "main.gold_monitoring.sales_drift_metrics",
    }
    return {"table_name": TABLE, "status": status, "monitor_version": 0, **outputs, **more}


def refresh(state: str, number: int = 1, **more: Any) -> dict[str, Any]:
    return {"refresh_id": number, "state": state, "start_time_ms": number * 1000, "trigger": "MANUAL", **more}


def with_outputs(workspace: LoopbackWorkspace, *names: str) -> None:
    for name in names or ("sales_profile_metrics", "sales_drift_metrics"):
        full = f"main.gold_monitoring.{name}"
        workspace.answer("GET", f"/api/2.1/unity-catalog/tables/{full}", {"full_name": full})


def test_a_refresh_that_goes_on_is_waited_for(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    with_outputs(workspace)
    workspace.answer("GET", MONITOR, monitor())
    workspace.answer("GET", f"{MONITOR}/refreshes", {"refreshes": [refresh("RUNNING", 2), refresh("FAILED", 1)]})
    running = [refresh("PENDING", 2), refresh("RUNNING", 2)]
    workspace.answer("GET", f"{MONITOR}/refreshes/2", *running, refresh("SUCCESS", 2, end_time_ms=1_800_000_000_000))
    check = check_monitor(client, TABLE, QUICK)
    assert check.faults == ()
    assert "refreshed at 2027-01-15 08:00 UTC" in check.details[0]
    assert len(check.details) == 3


def test_a_monitor_that_was_never_refreshed_is_refreshed(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    with_outputs(workspace)
    workspace.answer("GET", MONITOR, monitor())
    workspace.answer("GET", f"{MONITOR}/refreshes", {})
    workspace.answer("POST", f"{MONITOR}/refreshes", refresh("PENDING"))
    workspace.answer("GET", f"{MONITOR}/refreshes/1", refresh("SUCCESS"))
    assert check_monitor(client, TABLE, QUICK).faults == ()


def test_a_failed_refresh_is_told_in_its_own_words(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    workspace.answer("GET", MONITOR, monitor())
    workspace.answer("GET", f"{MONITOR}/refreshes", {"refreshes": [refresh("FAILED")]})
    workspace.answer("GET", f"{MONITOR}/refreshes/1", refresh("FAILED", message="[UNRESOLVED_COLUMN] amont"))
    assert [fault.text for fault in check_monitor(client, TABLE, QUICK).faults] == ["[UNRESOLVED_COLUMN] amont"]


def test_a_broken_monitor_tells_its_last_failure(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    workspace.answer("GET", MONITOR, monitor("MONITOR_STATUS_ERROR", latest_monitor_failure_msg="no such baseline"))
    assert [fault.text for fault in check_monitor(client, TABLE, QUICK).faults] == ["no such baseline"]


def test_a_refresh_without_an_end_is_a_fault(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    workspace.answer("GET", MONITOR, monitor())
    workspace.answer("GET", f"{MONITOR}/refreshes", {"refreshes": [refresh("RUNNING")]})
    workspace.answer("GET", f"{MONITOR}/refreshes/1", refresh("RUNNING"))
    (fault,) = check_monitor(client, TABLE, QUICK).faults
    assert "has not ended within 30 min" in fault.text


def test_an_output_table_that_is_not_there_is_a_fault(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    with_outputs(workspace, "sales_profile_metrics")
    workspace.answer("GET", MONITOR, monitor())
    workspace.answer("GET", f"{MONITOR}/refreshes", {"refreshes": [refresh("SUCCESS")]})
    workspace.answer("GET", f"{MONITOR}/refreshes/1", refresh("SUCCESS"))
    assert [fault.about for fault in check_monitor(client, TABLE, QUICK).faults] == [
        "main.gold_monitoring.sales_drift_metrics"
    ]


def test_a_table_without_a_monitor_is_a_fault(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    workspace.fail("GET", MONITOR, 404, "RESOURCE_DOES_NOT_EXIST")
    assert [fault.text for fault in check_monitor(client, TABLE, QUICK).faults] == [f"{TABLE} has no monitor."]
