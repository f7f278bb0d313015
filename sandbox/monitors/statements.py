"""The statements of a refresh, in the order in which they run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sandbox.catalog import literal, quoted
from sandbox.monitors.drift_sql import drift_rows
from sandbox.monitors.plan import TABLE, Column, Metric, Plan, identifier
from sandbox.monitors.profile_sql import profile_rows


def prepare(table: str, wanted: Mapping[str, str], present: Sequence[Column] | None) -> list[str]:
    """Make an output table, or add the columns that it lacks.

    Args:
        table: Full name.
        wanted: Columns with their types.
        present: Columns that it has; None if it does not exist.
    """
    if present is None:
        columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in wanted.items())
        return [f"CREATE TABLE IF NOT EXISTS {identifier(table)} ({columns})"]
    known = {column.name.lower() for column in present}
    missing = [f"{quoted(name)} {kind}" for name, kind in wanted.items() if name.lower() not in known]
    return [f"ALTER TABLE {identifier(table)} ADD COLUMNS ({', '.join(missing)})"] if missing else []


def fill_profile(plan: Plan, columns: Sequence[Column], present: Sequence[Column] | None, moment_ms: int) -> list[str]:
    """Write the profile: a snapshot is added to those before it, windows are computed anew."""
    wanted = plan.profile_columns()
    found = [_select(profile_rows(plan, columns, baseline=False, moment_ms=moment_ms), wanted, present)]
    if plan.baseline:
        found.append(_select(profile_rows(plan, columns, baseline=True, moment_ms=moment_ms), wanted, present))
    how = "INSERT OVERWRITE" if plan.timestamp else "INSERT INTO"
    return [f"{how} {identifier(plan.profile_table)} {' UNION ALL '.join(found)}"]


def fill_drift(plan: Plan, present: Sequence[Column] | None) -> list[str]:
    """Write the drift table anew; it follows from the profile."""
    rows = _select(drift_rows(plan), plan.drift_columns(), present)
    return [f"INSERT OVERWRITE {identifier(plan.drift_table)} {rows}"]


def probe(plan: Plan, metric: Metric) -> list[str]:
    """Statements that fail if the definition of an aggregate metric does."""
    columns = [column if column != TABLE else "" for column in metric.columns]
    return [f"SELECT {metric.sql(column, plan.names)} FROM {identifier(plan.table)} LIMIT 0" for column in columns]


def _select(rows: Mapping[str, str], wanted: Mapping[str, str], present: Sequence[Column] | None) -> str:
    """Rows in the order of the table's columns; a column that is not computed any more is NULL."""
    types = dict(wanted) if present is None else _merged(wanted, present)
    # SQL compares names without regard to case, and so did whoever added the columns.
    by_name = {name.lower(): sql for name, sql in rows.items()}
    columns = [f"CAST({by_name.get(name.lower(), 'NULL')} AS {kind}) AS {quoted(name)}" for name, kind in types.items()]
    return f"SELECT {', '.join(columns)}\nFROM {rows['FROM']}"


def _merged(wanted: Mapping[str, str], present: Sequence[Column]) -> dict[str, str]:
    """Columns as the table has them after `prepare`: those that were there, then those that are new."""
    known = {column.name.lower() for column in present}
    before = {column.name: column.type_text for column in present}
    return before | {name: kind for name, kind in wanted.items() if name.lower() not in known}


def error_of_metric(metric: Metric, cause: str) -> str:
    """What is said of a metric that cannot be computed."""
    return f"Failed to compute custom metric {literal(metric.name)}: {cause}"
