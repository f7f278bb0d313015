"""What a refresh computes: a monitor's configuration in the words of SQL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sandbox.catalog import quoted
from sandbox.monitors.layout import CLASSIFICATION, DRIFT, PROFILE, REGRESSION, output_type

TABLE = ":table"
MetricKind = Literal["AGGREGATE", "DERIVED", "DRIFT"]
_NUMERIC = ("tinyint", "smallint", "int", "bigint", "float", "double", "decimal")
_COMPLEX = ("array", "map", "struct", "binary", "variant", "object")
_TEMPLATE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(frozen=True)
class Column:
    """A column of the table that is profiled."""

    name: str
    type_text: str

    @property
    def kind(self) -> Literal["number", "text", "collection", "other"]:
        """What can be computed of it."""
        base = re.split(r"[<(]", self.type_text.lower())[0]
        if base in _NUMERIC:
            return "number"
        if base == "string":
            return "text"
        if base in {"array", "map"}:
            return "collection"
        return "other"

    @property
    def countable(self) -> bool:
        """Whether its values can be told apart."""
        return not self.type_text.lower().startswith(_COMPLEX)

    @property
    def listed(self) -> bool:
        """Whether its most frequent values say something: not those of times and numbers."""
        return self.countable and not self.type_text.lower().startswith("timestamp") and self.kind != "number"


@dataclass(frozen=True)
class Metric:
    """A custom metric."""

    kind: MetricKind
    name: str
    columns: tuple[str, ...]
    definition: str
    sql_type: str

    def sql(self, column: str, names: Mapping[str, str]) -> str:
        """Its definition for one column, with the names that its template asks for."""
        known = {"input_column": column, "current_df": "current_df", "base_df": "base_df", **names}
        return _TEMPLATE.sub(lambda found: known.get(found[1], found[0]), self.definition)


@dataclass(frozen=True)
class Plan:
    """One monitor, ready to be turned into statements."""

    table: str
    profile_table: str
    drift_table: str
    version: int
    baseline: str | None
    timestamp: str | None
    granularities: tuple[str, ...]
    slices: tuple[str, ...]
    metrics: tuple[Metric, ...]
    inference: Mapping[str, Any]

    @property
    def names(self) -> dict[str, str]:
        """Columns that a metric's template can name."""
        wanted = ("prediction_col", "label_col", "model_id_col", "timestamp_col", "prediction_proba_col")
        return {name: str(self.inference[name]) for name in wanted if self.inference.get(name)}

    @property
    def model(self) -> str | None:
        """Column that says which model made a prediction."""
        return self.inference.get("model_id_col")

    @property
    def quality(self) -> dict[str, str]:
        """Columns for the quality of a model's predictions."""
        if not self.inference.get("label_col"):
            return {}
        return CLASSIFICATION if self.inference["problem_type"] == "PROBLEM_TYPE_CLASSIFICATION" else REGRESSION

    def of_kind(self, kind: MetricKind) -> list[Metric]:
        """The custom metrics of one type."""
        return [metric for metric in self.metrics if metric.kind == kind]

    def profile_columns(self) -> dict[str, str]:
        """Columns of the profile table with their types."""
        custom = {metric.name: metric.sql_type for metric in self.metrics if metric.kind != "DRIFT"}
        return PROFILE | self._model_column() | self.quality | custom

    def drift_columns(self) -> dict[str, str]:
        """Columns of the drift table with their types."""
        return DRIFT | self._model_column() | {metric.name: metric.sql_type for metric in self.of_kind("DRIFT")}

    def _model_column(self) -> dict[str, str]:
        return {self.model: "STRING"} if self.model else {}


def make_plan(table: str, config: Mapping[str, Any], version: int) -> Plan:
    """The plan of a monitor whose configuration has been checked."""
    windows = config.get("time_series") or config.get("inference_log") or {}
    profile, drift = output_tables(table, config["output_schema_name"])
    return Plan(
        table=table,
        profile_table=profile,
        drift_table=drift,
        version=version,
        baseline=config.get("baseline_table_name"),
        timestamp=windows.get("timestamp_col"),
        granularities=tuple(windows.get("granularities") or ()),
        slices=tuple(config.get("slicing_exprs") or ()),
        metrics=tuple(_metric(item) for item in config.get("custom_metrics") or ()),
        inference=config.get("inference_log") or {},
    )


def output_tables(table: str, schema: str) -> tuple[str, str]:
    """Full names of the profile and the drift table."""
    name = table.rpartition(".")[2]
    return f"{schema}.{name}_profile_metrics", f"{schema}.{name}_drift_metrics"


def identifier(full_name: str) -> str:
    """A full name for SQL."""
    return quoted(*full_name.split("."))


def _metric(item: Mapping[str, Any]) -> Metric:
    kind = item["type"].removeprefix("CUSTOM_METRIC_TYPE_")
    sql_type = output_type(item["output_data_type"]) or "DOUBLE"
    return Metric(kind, item["name"], tuple(item["input_columns"]), item["definition"], sql_type)
