"""Monitors and refreshes as the two APIs show them: by table name, and by the ids of Unity Catalog."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.monitors.config import METRIC_TYPES, PROBLEM_TYPES
from sandbox.monitors.plan import output_tables
from sandbox.monitors.records import AnomalyRecord, MonitorRecord, RefreshRecord
from sandbox.object_ids import object_id
from sandbox.shapes import Shape

_GRANULARITY = "AGGREGATION_GRANULARITY_"
_METRIC = "DATA_PROFILING_"
_INFERENCE = "INFERENCE_"
_PAUSE = "CRON_SCHEDULE_PAUSE_STATUS_"
_EMAILS = {"email_addresses": ["string"]}
_SIZES = ("5_MINUTES", "30_MINUTES", "1_HOUR", "1_DAY", "1_WEEK", "2_WEEKS", "3_WEEKS", "4_WEEKS", "1_MONTH", "1_YEAR")
_GRANULARITIES = tuple(_GRANULARITY + size for size in _SIZES)
CONFIG_SHAPE: dict[str, Shape] = {
    "assets_dir": "string",
    "baseline_table_name": "string",
    "custom_metrics": [
        {
            "type": tuple(_METRIC + name for name in METRIC_TYPES),
            "name": "string",
            "input_columns": ["string"],
            "definition": "string",
            "output_data_type": "string",
        }
    ],
    "dashboard_id": "any",
    "drift_metrics_table_name": "any",
    "effective_warehouse_id": "any",
    "inference_log": {
        "problem_type": tuple(_INFERENCE + name for name in PROBLEM_TYPES),
        "timestamp_column": "string",
        "granularities": [_GRANULARITIES],
        "prediction_column": "string",
        "model_id_column": "string",
        "label_column": "string",
    },
    "latest_monitor_failure_message": "any",
    "monitor_version": "any",
    "monitored_table_name": "any",
    "notification_settings": {"on_failure": _EMAILS},
    "output_schema_id": "string",
    "profile_metrics_table_name": "any",
    "schedule": {
        "quartz_cron_expression": "string",
        "timezone_id": "string",
        "pause_status": tuple(_PAUSE + state for state in ("PAUSED", "UNPAUSED")),
    },
    "skip_builtin_dashboard": "boolean",
    "slicing_exprs": ["string"],
    "snapshot": {},
    "status": "any",
    "time_series": {"timestamp_column": "string", "granularities": [_GRANULARITIES]},
    "warehouse_id": "string",
}
SHAPE: dict[str, Shape] = {
    "object_type": "string",
    "object_id": "string",
    "anomaly_detection_config": {"excluded_table_full_names": ["string"]},
    "data_profiling_config": CONFIG_SHAPE,
}
_SAME = (
    "assets_dir",
    "baseline_table_name",
    "skip_builtin_dashboard",
    "slicing_exprs",
    "snapshot",
    "warehouse_id",
)
_RENAMED = {
    "timestamp_col": "timestamp_column",
    "prediction_col": "prediction_column",
    "label_col": "label_column",
    "model_id_col": "model_id_column",
}


def by_name(record: MonitorRecord) -> dict[str, Any]:
    """A monitor in the API that goes by table names."""
    profile, drift = output_tables(record.table_name, record.config["output_schema_name"])
    hidden = {"skip_builtin_dashboard", "warehouse_id"}
    shown: dict[str, Any] = {name: value for name, value in record.config.items() if name not in hidden}
    shown |= {
        "table_name": record.table_name,
        "profile_metrics_table_name": profile,
        "drift_metrics_table_name": drift,
        "monitor_version": record.version,
        "status": f"MONITOR_STATUS_{record.status}",
    }
    optional = {"dashboard_id": record.dashboard_id, "latest_monitor_failure_msg": record.failure}
    return shown | {name: value for name, value in optional.items() if value}


def refresh_by_name(refresh: RefreshRecord) -> dict[str, Any]:
    """A refresh in the API that goes by table names."""
    shown: dict[str, Any] = {
        "refresh_id": refresh.refresh_id,
        "start_time_ms": refresh.start_time,
        "state": refresh.state,
        "trigger": refresh.trigger,
    }
    optional = {"end_time_ms": refresh.end_time, "message": refresh.message}
    return shown | {name: value for name, value in optional.items() if value}


def by_id(record: MonitorRecord) -> dict[str, Any]:
    """A monitor in the API that goes by ids."""
    config, named = record.config, by_name(record)
    profiling: dict[str, Any] = {name: config[name] for name in _SAME if name in config}
    profiling |= {name: named[name] for name in ("profile_metrics_table_name", "drift_metrics_table_name")}
    profiling |= {name: _windows(config[name], out=True) for name in ("time_series", "inference_log") if name in config}
    profiling |= {
        "output_schema_id": object_id(config["output_schema_name"]),
        "monitored_table_name": record.table_name,
        "monitor_version": record.version,
        "status": f"DATA_PROFILING_STATUS_{record.status}",
    }
    if "custom_metrics" in config:
        profiling["custom_metrics"] = [_prefixed(metric, "type", _METRIC) for metric in config["custom_metrics"]]
    if "schedule" in config:
        profiling["schedule"] = _prefixed(config["schedule"], "pause_status", _PAUSE)
    if "notifications" in config:
        profiling["notification_settings"] = config["notifications"]
    optional = {"dashboard_id": record.dashboard_id, "latest_monitor_failure_message": record.failure}
    profiling |= {name: value for name, value in optional.items() if value}
    return {"object_type": "table", "object_id": object_id(record.table_name), "data_profiling_config": profiling}


def refresh_by_id(refresh: RefreshRecord) -> dict[str, Any]:
    """A refresh in the API that goes by ids."""
    return refresh_by_name(refresh) | {
        "object_type": "table",
        "object_id": object_id(refresh.table_name),
        "state": f"MONITOR_REFRESH_STATE_{refresh.state}",
        "trigger": f"MONITOR_REFRESH_TRIGGER_{refresh.trigger}",
    }


def anomaly_by_id(record: AnomalyRecord) -> dict[str, Any]:
    """Anomaly detection on a schema."""
    return {
        "object_type": "schema",
        "object_id": object_id(record.schema_name),
        "anomaly_detection_config": record.config,
    }


def to_names(config: Mapping[str, Any], schema_name: Callable[[str], str]) -> dict[str, Any]:
    """A configuration of the API that goes by ids, as the one that goes by names has it.

    Args:
        config: A `data_profiling_config` that has been checked against its shape.
        schema_name: Full name of the schema that an id stands for.
    """
    found: dict[str, Any] = {name: config[name] for name in _SAME if config.get(name) is not None}
    for name in ("time_series", "inference_log"):
        if config.get(name) is not None:
            found[name] = _windows(config[name], out=False)
    if config.get("custom_metrics"):
        found["custom_metrics"] = [_bare(metric, "type", _METRIC) for metric in config["custom_metrics"]]
    if config.get("schedule"):
        found["schedule"] = _bare(config["schedule"], "pause_status", _PAUSE)
    if config.get("notification_settings"):
        found["notifications"] = config["notification_settings"]
    if config.get("output_schema_id"):
        found["output_schema_name"] = schema_name(config["output_schema_id"])
    return found


def _windows(config: Mapping[str, Any], *, out: bool) -> dict[str, Any]:
    names = _RENAMED if out else {new: old for old, new in _RENAMED.items()}
    found = {names.get(name, name): value for name, value in config.items()}
    size = _granularity_id if out else _granularity_name
    found["granularities"] = [size(text) for text in config.get("granularities") or ()]
    change = _prefixed if out else _bare
    return change(found, "problem_type", _INFERENCE)


def _granularity_id(text: str) -> str:
    """`2 week` and `2 weeks` are the same."""
    number, unit = text.upper().rstrip("S").split()
    return f"{_GRANULARITY}{number}_{unit}{'S' if int(number) > 1 else ''}"


def _granularity_name(text: str) -> str:
    return text.removeprefix(_GRANULARITY).replace("_", " ").lower()


def _prefixed(body: Mapping[str, Any], name: str, prefix: str) -> dict[str, Any]:
    return {**body, name: prefix + body[name]} if body.get(name) else dict(body)


def _bare(body: Mapping[str, Any], name: str, prefix: str) -> dict[str, Any]:
    return {**body, name: body[name].removeprefix(prefix)} if body.get(name) else dict(body)
