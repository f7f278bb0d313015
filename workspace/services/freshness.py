"""When a table was written last, as far as the workspace tells."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import sqlglot.expressions as exp

from workspace.model import Model
from workspace.services.statements import run_statement
from workspace.services.tables import read_table

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

VIEWS = {"VIEW", "METRIC_VIEW", "FOREIGN"}
"""Types of tables that hold no rows of their own."""
_UPKEEP = {"OPTIMIZE", "VACUUM START", "VACUUM END", "ANALYZE", "COMPUTE STATS", "FSCK", "CLUSTER BY", "REORG"}
"""Operations of a table's history that bring no data."""


class Freshness(Model):
    """What is known about a table's age."""

    exists: bool = True
    holds_data: bool = True
    """False for a view: it is as fresh as what it reads."""
    written_ms: int = 0
    """0 when the workspace does not tell."""


def freshness(client: WorkspaceClient, full_name: str, warehouse: str | None = None) -> Freshness:
    """Return when a table was written last.

    Args:
        client: client of the workspace.
        full_name: three-part name.
        warehouse: id of a SQL warehouse that reads the table's history, the only sure source; without it the time
            counts that Unity Catalog keeps, which may lag behind.

    Raises:
        WorkspaceRequestError: the question was refused; a table that is not there is an answer.
    """
    table = read_table(client, full_name)
    if table is None:
        return Freshness(exists=False)
    if str(table.get("table_type") or "") in VIEWS:
        return Freshness(holds_data=False)
    if warehouse:
        return Freshness(written_ms=_last_commit(client, full_name, warehouse))
    committed = str((table.get("properties") or {}).get("delta.lastCommitTimestamp") or "")
    told = [int(table.get("updated_at") or 0), int(committed) if committed.isdecimal() else 0]
    return Freshness(written_ms=max(told))


def _last_commit(client: WorkspaceClient, full_name: str, warehouse: str) -> int:
    name = ".".join(exp.to_identifier(part, quoted=True).sql("databricks") for part in full_name.split("."))
    history = run_statement(client, warehouse, f"DESCRIBE HISTORY {name}")
    columns = [column.lower() for column in history.columns]
    if not {"timestamp", "operation"} <= set(columns):
        return 0
    when, what = columns.index("timestamp"), columns.index("operation")
    for row in history.rows:
        if (row[what] or "").upper() not in _UPKEEP and row[when]:
            return _milliseconds(str(row[when]))
    return 0


def _milliseconds(text: str) -> int:
    """Warehouses answer in UTC, with or without saying so."""
    time = datetime.fromisoformat(text)
    return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000)
