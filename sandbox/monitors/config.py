"""What a monitor may be configured with: shapes of the request, and the rules that Databricks refuses to break."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.errors import ApiError
from sandbox.monitors.layout import output_type
from sandbox.monitors.plan import TABLE, Column
from sandbox.monitors.windows import is_granularity
from sandbox.quartz import parse_cron, time_zone
from sandbox.shapes import Shape, check, require

MESSAGE = "MonitorInfo"
KINDS = ("snapshot", "time_series", "inference_log")
METRIC_TYPES = tuple(f"CUSTOM_METRIC_TYPE_{kind}" for kind in ("AGGREGATE", "DERIVED", "DRIFT"))
PROBLEM_TYPES = ("PROBLEM_TYPE_CLASSIFICATION", "PROBLEM_TYPE_REGRESSION")
_EMAILS = {"email_addresses": ["string"]}
WRITABLE: dict[str, Shape] = {
    "assets_dir": "string",
    "baseline_table_name": "string",
    "custom_metrics": [
        {
            "type": METRIC_TYPES,
            "name": "string",
            "input_columns": ["string"],
            "definition": "string",
            "output_data_type": "string",
        }
    ],
    "dashboard_id": "string",
    "data_classification_config": {"enabled": "boolean"},
    "inference_log": {
        "problem_type": PROBLEM_TYPES,
        "timestamp_col": "string",
        "granularities": ["string"],
        "prediction_col": "string",
        "model_id_col": "string",
        "label_col": "string",
        "prediction_proba_col": "string",
    },
    "notifications": {"on_failure": _EMAILS, "on_new_classification_tag_detected": _EMAILS},
    "output_schema_name": "string",
    "schedule": {
        "quartz_cron_expression": "string",
        "timezone_id": "string",
        "pause_status": ("PAUSED", "UNPAUSED", "UNSPECIFIED"),
    },
    "skip_builtin_dashboard": "boolean",
    "slicing_exprs": ["string"],
    "snapshot": {},
    "time_series": {"timestamp_col": "string", "granularities": ["string"]},
    "warehouse_id": "string",
}
SHAPE: dict[str, Shape] = WRITABLE | {
    "drift_metrics_table_name": "any",
    "latest_monitor_failure_msg": "any",
    "monitor_version": "any",
    "profile_metrics_table_name": "any",
    "status": "any",
    "table_name": "any",
}
_METRIC_FIELDS = ("name", "definition", "input_columns", "output_data_type", "type")
_NAME = re.compile(r"[A-Za-z_]\w*")


def checked(body: Mapping[str, Any], columns: Sequence[Column]) -> dict[str, Any]:
    """A configuration that can be kept.

    Args:
        body: What came.
        columns: Columns of the table; none if they are not known.

    Raises:
        ApiError: Something in it is wrong.
    """
    check(body, SHAPE, MESSAGE)
    require(body, "output_schema_name")
    _check_kind(body, {column.name.lower() for column in columns})
    for metric in body.get("custom_metrics") or ():
        _check_metric(metric, columns)
    _check_schedule(body.get("schedule") or {})
    kept = {name: value for name, value in body.items() if name in WRITABLE and value is not None}
    if "schedule" in kept:
        kept["schedule"] = {"pause_status": "UNPAUSED"} | kept["schedule"]
    return kept


def initializes(config: Mapping[str, Any]) -> bool:
    """Whether a monitor of this configuration comes up.

    One whose metric has an output_data_type that is not the JSON of a StructField does not, and nobody is told.
    """
    return all(output_type(metric["output_data_type"]) for metric in config.get("custom_metrics") or ())


def _check_kind(body: Mapping[str, Any], columns: set[str]) -> None:
    kinds = [kind for kind in KINDS if body.get(kind) is not None]
    if len(kinds) != 1:
        raise ApiError.invalid(
            f"Exactly one of {', '.join(KINDS)} must be set, but found: {', '.join(kinds) or 'none'}."
        )
    config = body[kinds[0]]
    if kinds[0] == "snapshot":
        return
    require(body, f"{kinds[0]}.timestamp_col", f"{kinds[0]}.granularities")
    if kinds[0] == "inference_log":
        require(body, *(f"inference_log.{name}" for name in ("problem_type", "prediction_col", "model_id_col")))
    wrong = [granularity for granularity in config["granularities"] if not is_granularity(granularity)]
    if wrong:
        raise ApiError.invalid(
            f"Invalid granularity '{wrong[0]}': use 5 minutes, 30 minutes, 1 hour, 1 day, 1 week to 4 weeks, "
            "1 month or 1 year."
        )
    for field, name in config.items():
        if field.endswith("_col") and columns and name.lower() not in columns:
            raise ApiError.invalid(f"Column '{name}' named as {field} does not exist in the monitored table.")


def _check_metric(metric: Mapping[str, Any], columns: Sequence[Column]) -> None:
    require(metric, *_METRIC_FIELDS)
    name, definition = metric["name"], metric["definition"]
    if not _NAME.fullmatch(name):
        raise ApiError.invalid(f"Invalid custom metric name '{name}': it must be a column name.")
    known = {TABLE, *(column.name for column in columns)}
    missing = [column for column in metric["input_columns"] if columns and column not in known]
    if missing:
        raise ApiError.invalid(f"Input column '{missing[0]}' of custom metric '{name}' does not exist in the table.")
    if metric["type"].endswith("_DERIVED") and "{{" in definition:
        raise ApiError.invalid(
            f"[INVALID_DERIVED_METRIC] Custom metric '{name}': a derived metric names aggregate metrics directly, "
            "without braces."
        )
    templates = ("{{current_df}}", "{{base_df}}")
    if metric["type"].endswith("_DRIFT") and not all(part in definition.replace(" ", "") for part in templates):
        raise ApiError.invalid(
            f"[INVALID_DRIFT_METRIC] Custom metric '{name}': a drift metric must compare {templates[0]} "
            f"with {templates[1]}."
        )


def _check_schedule(schedule: Mapping[str, Any]) -> None:
    if not schedule:
        return
    require(schedule, "quartz_cron_expression", "timezone_id")
    try:
        parse_cron(schedule["quartz_cron_expression"])
        time_zone(schedule["timezone_id"])
    except ValueError as error:
        raise ApiError.invalid(f"Invalid schedule of the monitor: {error}.") from error
