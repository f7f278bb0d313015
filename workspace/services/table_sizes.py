"""How many rows and bytes tables hold, asked on a SQL warehouse within a limit of tables and of time."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlglot.expressions as exp

from workspace.errors import OperatorError
from workspace.losses import DataObject
from workspace.services.rest import get_json
from workspace.services.statements import Patience, run_statement

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

MAX_TABLES = 50
MAX_SECONDS = 180.0
ONE_STATEMENT = timedelta(seconds=60)
USABLE = ("RUNNING", "STARTING", "STOPPED", "STOPPING")
"""States of a warehouse that can answer, the quickest first."""


def find_warehouse(client: WorkspaceClient) -> str | None:
    """Return a SQL warehouse that can answer: a running one, else one that a statement starts; None without any."""
    answer = get_json(client, "/api/2.0/sql/warehouses", {}, "looking for a SQL warehouse")
    usable = [one for one in answer.get("warehouses") or [] if one.get("state") in USABLE]
    best = min(usable, key=lambda one: USABLE.index(str(one["state"])), default=None)
    return str(best["id"]) if best else None


def measured(
    client: WorkspaceClient, warehouse: str | None, objects: Iterable[DataObject], seconds: float = MAX_SECONDS
) -> tuple[DataObject, ...]:
    """Return the objects with rows, files and bytes of their tables; what is not known says why."""
    deadline, looked, found = time.monotonic() + seconds, 0, []
    for one in objects:
        if not one.has_rows:
            found.append(one)
            continue
        looked += 1
        why = _why_not(warehouse, looked, deadline)
        if why or warehouse is None:
            found.append(one.model_copy(update={"unknown": why}))
        else:
            found.append(_measured(client, warehouse, one))
    return tuple(found)


def _why_not(warehouse: str | None, looked: int, deadline: float) -> str:
    if warehouse is None:
        return "there is no SQL warehouse to ask"
    if looked > MAX_TABLES:
        return f"only the first {MAX_TABLES} tables were asked for"
    return "the time for looking was over" if time.monotonic() >= deadline else ""


def _measured(client: WorkspaceClient, warehouse: str, table: DataObject) -> DataObject:
    catalog, schema, last = table.name.split(".", 2)
    name = exp.table_(last, db=schema, catalog=catalog, quoted=True)
    count = exp.select("count(*) AS number").from_(name)
    facts, why = _first_row(client, warehouse, count.sql("databricks"))
    rows = _number(facts.get("number"))
    if table.kind == "table":
        facts, no_detail = _first_row(client, warehouse, f"DESCRIBE DETAIL {name.sql('databricks')}")
        why = why or no_detail
    else:
        why = why or "Databricks does not tell the size of such a table"
    size = {"files": _number(facts.get("numfiles")), "size_bytes": _number(facts.get("sizeinbytes"))}
    return table.model_copy(update={"rows": rows, **size, "unknown": why})


def _first_row(client: WorkspaceClient, warehouse: str, statement: str) -> tuple[dict[str, str | None], str]:
    """Return the first row by column name, and why there is none."""
    try:
        result = run_statement(client, warehouse, statement, patience=Patience(timeout=ONE_STATEMENT))
    except OperatorError as error:
        return {}, str(error)
    columns = [column.lower() for column in result.columns]
    if not result.rows:
        return {}, "the warehouse gave no answer"
    return dict(zip(columns, result.rows[0], strict=False)), ""


def _number(value: str | None) -> int | None:
    return int(value) if value is not None and value.isdecimal() else None
