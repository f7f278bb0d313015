"""SQL of the profile table: one pass over the data computes all statistics of all columns, windows and slices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sandbox.catalog import literal, quoted
from sandbox.monitors import quality_sql, windows
from sandbox.monitors.layout import PROFILE
from sandbox.monitors.plan import TABLE, Column, Plan, identifier

SLICE_VALUES = 100
"""Of a slicing expression with more values, the most frequent ones are profiled."""
_ITEMS = 100
_QUANTILES = ", ".join(f"{part / 100:g}" for part in range(101))
_PERCENT = {
    "percent_nan": "num_nan",
    "percent_null": "num_nulls",
    "percent_zeros": "num_zeros",
    "percent_distinct": "distinct_count",
}
_OF_ROW = ("window", "log_type", "logging_table_commit_version", "monitor_version", "granularity", "slice_key")
_STATISTICS = {
    name: kind for name, kind in PROFILE.items() if name not in {*_OF_ROW, "slice_value", "median", *_PERCENT}
}


def profile_rows(plan: Plan, columns: Sequence[Column], *, baseline: bool, moment_ms: int) -> dict[str, str]:
    """The rows of a profile.

    Args:
        plan: The monitor.
        columns: Columns of the table.
        baseline: Whether the baseline table is profiled, as a whole; else the monitored table, window by window.
        moment_ms: When a snapshot is taken.

    Returns:
        Expressions by the name of their column, and under the key `FROM` what they are selected from.
    """
    table = plan.baseline if baseline and plan.baseline else plan.table
    kept = f"__slice_key IS NULL OR __rank <= {SLICE_VALUES}"
    model = ", __model" if plan.model else ""
    source = (
        f"(SELECT __window, __granularity, __slice_key, __slice_value{model}, __rows, inline(__statistics)\n"
        f"FROM (SELECT *, row_number() OVER (PARTITION BY __window, __granularity, __slice_key{model} "
        f"ORDER BY __rows DESC) AS __rank\nFROM ({_grouped(plan, table, columns, baseline, moment_ms)}))\nWHERE {kept})"
    )
    return {"FROM": source, **_outer(plan, baseline=baseline)}


def _outer(plan: Plan, *, baseline: bool) -> dict[str, str]:
    """What is made of the aggregates of one group and column."""
    fixed = {
        "window": "__window",
        "log_type": "'BASELINE'" if baseline else "'INPUT'",
        "monitor_version": str(plan.version),
        "granularity": "__granularity",
        "slice_key": "__slice_key",
        "slice_value": "__slice_value",
        "median": "element_at(quantiles, 51)",
    }
    shares = {name: f"{counted} * 100e0 / __rows" for name, counted in _PERCENT.items()}
    model = {plan.model: "__model"} if plan.model else {}
    aggregates = {name: quoted(name) for name in (*_STATISTICS, *_first_quality(plan), *_aggregate_types(plan))}
    derived = {
        metric.name: f"CASE WHEN column_name IN ({_texts(metric.columns)}) THEN {metric.sql('', plan.names)} END"
        for metric in plan.of_kind("DERIVED")
    }
    return fixed | shares | model | aggregates | quality_sql.scores(plan) | derived


def _grouped(plan: Plan, table: str, columns: Sequence[Column], baseline: bool, moment_ms: int) -> str:  # noqa: FBT001  as in its caller
    fields = _STATISTICS | _first_quality(plan) | _aggregate_types(plan)
    statistics = [_struct(_of_table(plan, columns), fields)]
    statistics += [_struct(_of_column(plan, column), fields) for column in columns]
    keys = "__window, __granularity, __slice_key, __slice_value" + (", __model" if plan.model else "")
    return (
        f"SELECT {keys}, count(*) AS __rows, array({', '.join(statistics)}) AS __statistics\n"
        f"FROM ({_sliced(plan, table, baseline, moment_ms)})\nGROUP BY {keys}"
    )


def _sliced(plan: Plan, table: str, baseline: bool, moment_ms: int) -> str:  # noqa: FBT001  as in its caller
    """Every row once for each of its windows and slices."""
    every = [_slice("NULL", "NULL")]
    slices = [_slice(literal(text), f"coalesce(CAST(({text}) AS STRING), 'null')") for text in plan.slices]
    model = f", CAST({quoted(plan.model)} AS STRING) AS __model" if plan.model else ""
    found = _windows(plan, baseline, moment_ms)
    return (
        "SELECT source.*, __w.window AS __window, __w.granularity AS __granularity, "
        f"__s.slice_key AS __slice_key, __s.slice_value AS __slice_value{model}\nFROM {identifier(table)} AS source\n"
        f"LATERAL VIEW explode(array({', '.join(found)})) __windows AS __w\n"
        f"LATERAL VIEW explode(array({', '.join(every + slices)})) __slices AS __s"
    )


def _windows(plan: Plan, baseline: bool, moment_ms: int) -> list[str]:  # noqa: FBT001  as in its caller
    if baseline or not plan.timestamp:
        return [f"named_struct('window', {windows.point(moment_ms)}, 'granularity', CAST(NULL AS STRING))"]
    moment = f"CAST({quoted(plan.timestamp)} AS TIMESTAMP)"
    return [
        f"named_struct('window', {windows.window_of(moment, size)}, 'granularity', {literal(size)})"
        for size in plan.granularities
    ]


def _slice(key: str, value: str) -> str:
    return f"named_struct('slice_key', CAST({key} AS STRING), 'slice_value', CAST({value} AS STRING))"


def _of_table(plan: Plan, columns: Sequence[Column]) -> dict[str, str]:
    filled = [f"CASE WHEN count({quoted(column.name)}) > 0 THEN {literal(column.name)} END" for column in columns]
    present = f"filter(array({', '.join(filled)}), name -> name IS NOT NULL)" if filled else "array()"
    found = {"column_name": literal(TABLE), "count": "count(*)", "non_null_columns": present}
    return found | quality_sql.aggregates(plan) | _aggregates(plan, TABLE)


def _of_column(plan: Plan, column: Column) -> dict[str, str]:
    name = quoted(column.name)
    found = {
        "column_name": literal(column.name),
        "count": f"count({name})",
        "data_type": literal(column.type_text),
        "num_nulls": f"count_if({name} IS NULL)",
    }
    if column.countable:
        found["distinct_count"] = f"approx_count_distinct({name})"
    if column.kind == "number":
        found |= _of_number(f"CAST({name} AS DOUBLE)")
    elif column.listed:
        found["frequent_items"] = quality_sql.top_items(f"CAST({name} AS STRING)", _ITEMS)
    length = {"text": "length", "collection": "size"}.get(column.kind)
    if length:
        found |= {f"{part}_length": f"{part}({length}({name}))" for part in ("min", "max", "avg")}
    return found | _aggregates(plan, column.name)


def _of_number(value: str) -> dict[str, str]:
    return {
        "avg": f"avg({value})",
        "quantiles": f"percentile_approx({value}, array({_QUANTILES}), 1000)",
        "min": f"min({value})",
        "max": f"max({value})",
        "stddev": f"stddev({value})",
        "num_zeros": f"count_if({value} = 0)",
        "num_nan": f"count_if(isnan({value}))",
    }


def _aggregates(plan: Plan, column: str) -> dict[str, str]:
    found = [metric for metric in plan.of_kind("AGGREGATE") if column in metric.columns]
    return {metric.name: metric.sql(column, plan.names) for metric in found}


def _aggregate_types(plan: Plan) -> dict[str, str]:
    return {metric.name: metric.sql_type for metric in plan.of_kind("AGGREGATE")}


def _first_quality(plan: Plan) -> dict[str, str]:
    """The columns of model quality that come straight from the data."""
    return {name: kind for name, kind in plan.quality.items() if name not in quality_sql.SCORES}


def _struct(values: Mapping[str, str], fields: Mapping[str, str]) -> str:
    parts = [f"{literal(name)}, CAST({values.get(name, 'NULL')} AS {kind})" for name, kind in fields.items()]
    return f"named_struct({', '.join(parts)})"


def _texts(values: Sequence[str]) -> str:
    return ", ".join(literal(value) for value in values)
