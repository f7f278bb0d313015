from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from databricks.sdk.errors import InvalidParameterValue, NotFound, ResourceAlreadyExists
from databricks.sdk.service.catalog import (
    MonitorCronSchedule,
    MonitorInfo,
    MonitorMetric,
    MonitorMetricType,
    MonitorSnapshot,
    MonitorTimeSeries,
)

if TYPE_CHECKING:
    from tests.contract.conftest import Sandbox

DOUBLE = '{"metadata":{},"name":"output","nullable":true,"type":"double"}'
ASSETS = "/Workspace/Shared/monitors"
YEAR_MS = 366 * 24 * 3600 * 1000
MakeMonitor = Callable[..., MonitorInfo]


def metric(kind: str, name: str, definition: str, **changes: Any) -> MonitorMetric:
    fields = {"input_columns": [":table"], "output_data_type": DOUBLE} | changes
    kind_of = MonitorMetricType(f"CUSTOM_METRIC_TYPE_{kind}")
    return MonitorMetric(type=kind_of, name=name, definition=definition, **fields)


TOTAL = metric("AGGREGATE", "total", "sum(delay)")


@pytest.fixture
def table(sandbox: Sandbox) -> Iterator[str]:
    name = f"main.gold.late_{time.time_ns()}"
    yield name
    with suppress(NotFound):  # a test may have deleted it
        sandbox.client.quality_monitors.delete(name)


@pytest.fixture
def make(sandbox: Sandbox, table: str) -> MakeMonitor:
    def monitor(**options: Any) -> MonitorInfo:
        settings: dict[str, Any] = {"snapshot": MonitorSnapshot()} | options
        return sandbox.client.quality_monitors.create(table, "main.gold_monitoring", ASSETS, **settings)

    return monitor


def settled(sandbox: Sandbox, table: str) -> MonitorInfo:
    """The monitor once it is initialized and its refreshes have ended."""

    def ended() -> MonitorInfo | None:
        info = sandbox.client.quality_monitors.get(table)
        refreshes = sandbox.client.quality_monitors.list_refreshes(table).refreshes or []
        working = [one for one in refreshes if one.state.value in {"PENDING", "RUNNING"}]
        return None if working or not refreshes or info.status.value == "MONITOR_STATUS_PENDING" else info

    return sandbox.eventually(ended)


def states(sandbox: Sandbox, table: str) -> list[str]:
    return [one.state.value for one in sandbox.client.quality_monitors.list_refreshes(table).refreshes or []]


def test_a_new_monitor_is_pending_then_active_and_refreshes_itself(
    sandbox: Sandbox, table: str, make: MakeMonitor
) -> None:
    made = make()
    assert (made.status.value, made.monitor_version, made.dashboard_id) == ("MONITOR_STATUS_PENDING", 0, None)
    assert made.profile_metrics_table_name == f"main.gold_monitoring.{table.split('.')[2]}_profile_metrics"
    info = settled(sandbox, table)
    assert info.status.value == "MONITOR_STATUS_ACTIVE"
    assert states(sandbox, table) == ["SUCCESS"]
    dashboard = sandbox.client.lakeview.get(info.dashboard_id or "")
    assert dashboard.display_name == f"{table} Monitoring"


def test_a_refresh_is_asynchronous_and_ends(sandbox: Sandbox, table: str, make: MakeMonitor) -> None:
    make()
    settled(sandbox, table)
    refresh = sandbox.client.quality_monitors.run_refresh(table)
    assert (refresh.state.value, refresh.trigger and refresh.trigger.value) == ("PENDING", "MANUAL")
    settled(sandbox, table)
    ended = sandbox.client.quality_monitors.get_refresh(table, refresh.refresh_id)
    assert ended.state.value == "SUCCESS"
    assert (ended.end_time_ms or 0) >= ended.start_time_ms


def test_a_failed_refresh_says_why(sandbox: Sandbox, table: str, make: MakeMonitor) -> None:
    cause = "[UNRESOLVED_COLUMN.WITH_SUGGESTION] delay"
    failing = [
        {"statement": pattern, "state": "FAILED", "error_message": cause} for pattern in ("insert*", "select sum*")
    ]
    sandbox.play(statements=failing)
    make(custom_metrics=[TOTAL])
    info = settled(sandbox, table)
    assert states(sandbox, table) == ["FAILED"]
    assert info.latest_monitor_failure_msg == f"Failed to compute custom metric 'total': {cause}"


def test_a_running_refresh_can_be_cancelled(sandbox: Sandbox, table: str, make: MakeMonitor) -> None:
    make()
    settled(sandbox, table)
    sandbox.play(statements=[{"statement": "insert*", "seconds": 60}])
    refresh = sandbox.client.quality_monitors.run_refresh(table)
    sandbox.eventually(lambda: "RUNNING" in states(sandbox, table) or None)
    sandbox.client.quality_monitors.cancel_refresh(table, refresh.refresh_id)
    assert sandbox.client.quality_monitors.get_refresh(table, refresh.refresh_id).state.value == "CANCELED"


def test_a_type_that_is_no_json_keeps_the_monitor_down_without_a_word(
    sandbox: Sandbox, table: str, make: MakeMonitor
) -> None:
    make(custom_metrics=[metric("AGGREGATE", "total", "sum(delay)", output_data_type="double")])
    info = settled(sandbox, table)
    assert (info.status.value, info.latest_monitor_failure_msg) == ("MONITOR_STATUS_ERROR", None)
    assert states(sandbox, table) == ["FAILED"]


def test_an_update_replaces_and_erases_what_it_leaves_out(sandbox: Sandbox, table: str, make: MakeMonitor) -> None:
    make(custom_metrics=[TOTAL], slicing_exprs=["origin"])
    api = sandbox.client.quality_monitors
    updated = api.update(table, "main.gold_monitoring", snapshot=MonitorSnapshot(), slicing_exprs=["carrier"])
    assert not updated.custom_metrics
    assert (updated.slicing_exprs, updated.monitor_version) == (["carrier"], 1)
    assert updated.assets_dir == ASSETS


def test_the_same_table_cannot_have_two_monitors(table: str, make: MakeMonitor) -> None:
    make()
    with pytest.raises(ResourceAlreadyExists, match=f"Data Monitor '{table}' already exists"):
        make()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"snapshot": None}, "Exactly one of"),
        ({"time_series": MonitorTimeSeries("t", ["1 day"])}, "Exactly one of"),
        ({"snapshot": None, "time_series": MonitorTimeSeries("t", ["1 decade"])}, "Invalid granularity '1 decade'"),
        ({"custom_metrics": [metric("DERIVED", "r", "{{total}} / 2")]}, "INVALID_DERIVED_METRIC"),
        ({"custom_metrics": [metric("DRIFT", "d", "{{current_df}}.total")]}, "INVALID_DRIFT_METRIC"),
        ({"schedule": MonitorCronSchedule("0 6 * * *", "UTC")}, "Invalid schedule"),
    ],
)
def test_what_databricks_refuses_is_refused(make: MakeMonitor, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidParameterValue, match=message):
        make(**options)


@pytest.mark.parametrize(
    ("statement", "error", "message"),
    [
        ("describe table*", "[TABLE_OR_VIEW_NOT_FOUND] gone", r"Table 'main\.gold\.late_\d+' does not exist"),
        ("describe schema*", "[SCHEMA_NOT_FOUND] gone", r"Schema 'main\.gold_monitoring' does not exist"),
    ],
)
def test_source_and_output_schema_must_exist(
    sandbox: Sandbox, make: MakeMonitor, statement: str, error: str, message: str
) -> None:
    sandbox.play(statements=[{"statement": statement, "state": "FAILED", "error_message": error}])
    with pytest.raises(NotFound, match=message):
        make()


def test_a_table_without_a_monitor_says_so(sandbox: Sandbox, table: str) -> None:
    with pytest.raises(NotFound, match=r"Cannot find Monitor with ID: /metastores:.*/tables:.*/"):
        sandbox.client.quality_monitors.get(table)


def test_a_deleted_monitor_drops_no_table(sandbox: Sandbox, table: str, make: MakeMonitor) -> None:
    make()
    settled(sandbox, table)
    failing = {"statement": "drop*", "state": "FAILED", "error_message": "nothing may be dropped"}
    sandbox.play(statements=[failing])
    sandbox.client.quality_monitors.delete(table)
    with pytest.raises(NotFound):
        sandbox.client.quality_monitors.run_refresh(table)


def test_a_schedule_refreshes(sandbox: Sandbox, table: str, make: MakeMonitor) -> None:
    make(schedule=MonitorCronSchedule("0 0 0 1 1 ?", "UTC"))
    settled(sandbox, table)
    sandbox.client.api_client.do("POST", "/sandbox/tick", body={"at": int(time.time() * 1000) + YEAR_MS})
    first, _ = sandbox.client.quality_monitors.list_refreshes(table).refreshes or []
    assert first.trigger is not None
    assert first.trigger.value == "SCHEDULE"
