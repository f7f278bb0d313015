from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from databricks.sdk.errors import InvalidParameterValue, NotFound, ResourceAlreadyExists
from databricks.sdk.service.dataquality import AnomalyDetectionConfig, Monitor, Refresh

if TYPE_CHECKING:
    from tests.contract.conftest import Sandbox

MakeMonitor = Callable[..., Monitor]
METRIC = {
    "type": "DATA_PROFILING_CUSTOM_METRIC_TYPE_AGGREGATE",
    "name": "total",
    "input_columns": [":table"],
    "definition": "sum(delay)",
    "output_data_type": '{"metadata":{},"name":"output","nullable":true,"type":"double"}',
}


@pytest.fixture
def schema_id(sandbox: Sandbox) -> str:
    return sandbox.client.schemas.get("main.gold_monitoring").schema_id or ""


@pytest.fixture
def table_id(sandbox: Sandbox) -> Iterator[str]:
    told = sandbox.client.tables.get(f"main.gold.late_{time.time_ns()}").table_id or ""
    yield told
    with suppress(NotFound):  # a test may have deleted it
        sandbox.client.data_quality.delete_monitor("table", told)


@pytest.fixture
def make(sandbox: Sandbox, schema_id: str, table_id: str) -> MakeMonitor:
    def monitor(**changes: Any) -> Monitor:
        config = {"output_schema_id": schema_id, "snapshot": {}} | changes
        body = {"object_type": "table", "object_id": table_id, "data_profiling_config": config}
        return sandbox.client.data_quality.create_monitor(Monitor.from_dict(body))

    return monitor


def config_of(monitor: Monitor) -> dict[str, Any]:
    found: dict[str, Any] = monitor.as_dict()["data_profiling_config"]
    return found


def test_both_apis_show_the_same_monitor(sandbox: Sandbox, make: MakeMonitor) -> None:
    granularities = ["AGGREGATION_GRANULARITY_1_DAY", "AGGREGATION_GRANULARITY_2_WEEKS"]
    windows = {"timestamp_column": "flown", "granularities": granularities}
    made = config_of(make(snapshot=None, time_series=windows, custom_metrics=[METRIC]))
    assert (made["time_series"], made["custom_metrics"]) == (windows, [METRIC])
    named = sandbox.client.quality_monitors.get(made["monitored_table_name"]).as_dict()
    assert named["time_series"] == {"timestamp_col": "flown", "granularities": ["1 day", "2 weeks"]}
    assert named["custom_metrics"][0]["type"] == "CUSTOM_METRIC_TYPE_AGGREGATE"


def test_an_update_changes_what_its_mask_names(sandbox: Sandbox, make: MakeMonitor, table_id: str) -> None:
    made = make(custom_metrics=[METRIC], slicing_exprs=["origin"])
    change = Monitor.from_dict(
        made.as_dict() | {"data_profiling_config": config_of(made) | {"slicing_exprs": ["carrier"]}}
    )
    api = sandbox.client.data_quality
    updated = config_of(api.update_monitor("table", table_id, change, "data_profiling_config.slicing_exprs"))
    assert (updated["slicing_exprs"], len(updated["custom_metrics"])) == (["carrier"], 1)
    without = Monitor.from_dict(
        made.as_dict() | {"data_profiling_config": {"snapshot": {}, "output_schema_id": updated["output_schema_id"]}}
    )
    assert "custom_metrics" not in config_of(api.update_monitor("table", table_id, without, "data_profiling_config"))
    with pytest.raises(InvalidParameterValue, match="unknown field 'slicing_exprs' in Monitor"):
        api.update_monitor("table", table_id, change, "slicing_exprs")


def test_refreshes_are_begun_read_listed_and_cancelled(sandbox: Sandbox, make: MakeMonitor, table_id: str) -> None:
    make()
    api = sandbox.client.data_quality
    begun = api.create_refresh("table", table_id, Refresh(object_type="table", object_id=table_id)).refresh_id or 0

    def state() -> str:
        return str(api.get_refresh("table", table_id, begun).as_dict()["state"])

    sandbox.eventually(lambda: state() == "MONITOR_REFRESH_STATE_SUCCESS" or None)
    assert begun in [one.refresh_id for one in api.list_refresh("table", table_id)]
    api.cancel_refresh("table", table_id, begun)
    assert state() == "MONITOR_REFRESH_STATE_SUCCESS"


@pytest.mark.parametrize("object_id", ["main.gold.late", "1234"])
def test_a_name_where_an_id_is_wanted_is_refused(sandbox: Sandbox, object_id: str) -> None:
    with pytest.raises(InvalidParameterValue, match="must be the UUID of the table"):
        sandbox.client.data_quality.get_monitor("table", object_id)


def test_an_id_of_nothing_is_not_found(sandbox: Sandbox) -> None:
    with pytest.raises(NotFound, match="does not exist"):
        sandbox.client.data_quality.get_monitor("table", "00000000-0000-0000-0000-000000000001")


def test_anomaly_detection_is_kept_for_a_schema(sandbox: Sandbox, schema_id: str) -> None:
    api = sandbox.client.data_quality
    wanted = AnomalyDetectionConfig(excluded_table_full_names=["main.gold_monitoring.t"])
    monitor = Monitor(object_type="schema", object_id=schema_id, anomaly_detection_config=wanted)
    api.create_monitor(monitor)
    with pytest.raises(ResourceAlreadyExists):
        api.create_monitor(monitor)
    assert schema_id in [one.object_id for one in api.list_monitor()]
    changed = Monitor(object_type="schema", object_id=schema_id, anomaly_detection_config=AnomalyDetectionConfig())
    updated = api.update_monitor("schema", schema_id, changed, "anomaly_detection_config")
    assert updated.as_dict().get("anomaly_detection_config", {}) == {}
    with pytest.raises(InvalidParameterValue, match="Refreshes are not supported"):
        api.create_refresh("schema", schema_id, Refresh(object_type="schema", object_id=schema_id))
    api.delete_monitor("schema", schema_id)
    with pytest.raises(NotFound):
        api.get_monitor("schema", schema_id)
