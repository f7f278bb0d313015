"""Columns of the two tables that a monitor writes, in the order and with the types that Databricks gives them.

Sources: the documentation of the metric tables of data profiling, and column lists of tables in real workspaces.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

WINDOW = "STRUCT<start: TIMESTAMP, end: TIMESTAMP>"
_TEST = "STRUCT<statistic: DOUBLE, pvalue: DOUBLE>"
_SCORES = "STRUCT<one_vs_all: MAP<STRING, DOUBLE>, macro: DOUBLE, weighted: DOUBLE>"
PROFILE: dict[str, str] = {
    "window": WINDOW,
    "log_type": "STRING",
    "logging_table_commit_version": "INT",
    "monitor_version": "BIGINT",
    "granularity": "STRING",
    "slice_key": "STRING",
    "slice_value": "STRING",
    "column_name": "STRING",
    "count": "BIGINT",
    "data_type": "STRING",
    "num_nulls": "BIGINT",
    "avg": "DOUBLE",
    "quantiles": "ARRAY<DOUBLE>",
    "min": "DOUBLE",
    "max": "DOUBLE",
    "stddev": "DOUBLE",
    "num_zeros": "BIGINT",
    "num_nan": "BIGINT",
    "min_length": "DOUBLE",
    "max_length": "DOUBLE",
    "avg_length": "DOUBLE",
    "non_null_columns": "ARRAY<STRING>",
    "frequent_items": "ARRAY<STRUCT<item: STRING, count: BIGINT>>",
    "median": "DOUBLE",
    "distinct_count": "BIGINT",
    "percent_nan": "DOUBLE",
    "percent_null": "DOUBLE",
    "percent_zeros": "DOUBLE",
    "percent_distinct": "DOUBLE",
}
CLASSIFICATION: dict[str, str] = {
    "accuracy_score": "DOUBLE",
    "confusion_matrix": "ARRAY<STRUCT<prediction: STRING, label: STRING, count: BIGINT>>",
    "precision": _SCORES,
    "recall": _SCORES,
    "f1_score": _SCORES,
}
REGRESSION: dict[str, str] = {
    "mean_squared_error": "DOUBLE",
    "root_mean_squared_error": "DOUBLE",
    "mean_average_error": "DOUBLE",
    "mean_absolute_percentage_error": "DOUBLE",
    "r2_score": "DOUBLE",
}
DRIFT: dict[str, str] = {
    "window": WINDOW,
    "granularity": "STRING",
    "monitor_version": "BIGINT",
    "slice_key": "STRING",
    "slice_value": "STRING",
    "column_name": "STRING",
    "data_type": "STRING",
    "window_cmp": WINDOW,
    "drift_type": "STRING",
    "count_delta": "BIGINT",
    "avg_delta": "DOUBLE",
    "percent_null_delta": "DOUBLE",
    "percent_zeros_delta": "DOUBLE",
    "percent_distinct_delta": "DOUBLE",
    "non_null_columns_delta": "STRUCT<added: INT, missing: INT>",
    "js_distance": "DOUBLE",
    "ks_test": _TEST,
    "wasserstein_distance": "DOUBLE",
    "population_stability_index": "DOUBLE",
    "chi_squared_test": _TEST,
    "tv_distance": "DOUBLE",
    "l_infinity_distance": "DOUBLE",
}
_SIMPLE = {
    "byte": "TINYINT",
    "short": "SMALLINT",
    "integer": "INT",
    "long": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "string": "STRING",
    "boolean": "BOOLEAN",
    "binary": "BINARY",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "timestamp_ntz": "TIMESTAMP_NTZ",
}


def output_type(text: str) -> str | None:
    """The SQL type that a metric's output_data_type stands for.

    Args:
        text: JSON of a Spark StructField named `output`, as `StructField("output", DoubleType()).json()` makes it.

    Returns:
        A type for DDL; None if the text is no such JSON.
    """
    try:
        field = json.loads(text)
    except ValueError:
        return None
    if not isinstance(field, Mapping) or field.get("name") != "output" or "type" not in field:
        return None
    return _sql_type(field["type"])


def _sql_type(kind: Any) -> str | None:
    if isinstance(kind, str):
        return kind.upper() if kind.startswith("decimal") else _SIMPLE.get(kind)
    if not isinstance(kind, Mapping):
        return None
    if kind.get("type") == "array":
        inner = _sql_type(kind.get("elementType"))
        return f"ARRAY<{inner}>" if inner else None
    if kind.get("type") == "map":
        key, value = _sql_type(kind.get("keyType")), _sql_type(kind.get("valueType"))
        return f"MAP<{key}, {value}>" if key and value else None
    fields = [(field.get("name"), _sql_type(field.get("type"))) for field in kind.get("fields") or ()]
    known = fields and all(name and inner for name, inner in fields)
    return f"STRUCT<{', '.join(f'`{name}`: {inner}' for name, inner in fields)}>" if known else None
