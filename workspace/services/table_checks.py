"""Whether tables that a run should have made are there, and those that it should have filled hold rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlglot.expressions as exp

from workspace.check_models import Check, Fault
from workspace.errors import OperatorError, WorkspaceRequestError
from workspace.services.freshness import VIEWS
from workspace.services.statements import Patience, run_statement
from workspace.services.tables import read_table

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

MAX_TABLES = 30
_ONE_STATEMENT = timedelta(minutes=2)


def check_tables(
    client: WorkspaceClient,
    made: Collection[str],
    filled: Collection[str],
    warehouse: Callable[[], str | None],
    *,
    must_fill: bool = True,
) -> Check:
    """Check tables by their three-part names.

    One that is not there is a fault. That every table is empty which should have got rows is one too; that some are is
    a finding, since tables of rejected rows are empty on good days. What may not be looked at is a finding.

    Args:
        client: client of the workspace.
        made: tables that should be there.
        filled: tables that should be there and hold rows.
        warehouse: returns the warehouse to ask; called only where there is something to ask.
        must_fill: whether it is a fault that none of the second holds rows, or a finding.

    Raises:
        WorkspaceRequestError: a fault that may pass.
    """
    names = sorted({*made, *filled})
    found = Check()
    if len(names) > MAX_TABLES:
        found += Check(findings=(f"only the first {MAX_TABLES} of {len(names)} tables were looked at",))
    holding: list[str] = []
    for name in names[:MAX_TABLES]:
        try:
            table = read_table(client, name)
        except WorkspaceRequestError as error:
            if error.transient:
                raise
            found += Check(findings=(f"{name} could not be looked at: {error}",))
            continue
        if table is None:
            found += Check(faults=(Fault(about=name, text=f"Table {name} should have been made and is not there."),))
        elif name in filled and str(table.get("table_type") or "") not in VIEWS:
            holding.append(name)
    return found + _check_rows(client, holding, warehouse(), must_fill=must_fill) if holding else found


def _check_rows(client: WorkspaceClient, names: Sequence[str], asked: str | None, *, must_fill: bool) -> Check:
    if asked is None:
        return Check(findings=("there is no SQL warehouse that tells whether the tables hold rows",))
    try:
        result = run_statement(client, asked, _which_hold_rows(names), patience=Patience(timeout=_ONE_STATEMENT))
    except OperatorError as error:
        if isinstance(error, WorkspaceRequestError) and error.transient:
            raise
        return Check(findings=(f"whether the tables hold rows could not be told: {error}",))
    holding = {row[0] for row in result.rows}
    empty = [name for name in names if name not in holding]
    details = tuple(f"{name} holds rows" for name in names if name in holding)
    if must_fill and len(empty) == len(names):
        return Check(
            faults=tuple(Fault(about=name, text=f"Table {name} holds no rows after the run.") for name in empty)
        )
    return Check(details=details, findings=tuple(f"{name} is empty" for name in empty))


def _which_hold_rows(names: Sequence[str]) -> str:
    """Return one statement that returns the names of the tables with at least one row; it reads one row of each."""
    parts = []
    for name in names:
        catalog, schema, last = name.split(".", 2)
        table = exp.table_(last, db=schema, catalog=catalog, quoted=True)
        one = exp.select("1").from_(table).limit(1).subquery("one")
        parts.append(exp.select(exp.alias_(exp.Literal.string(name), "name")).from_(one).sql("databricks"))
    return " UNION ALL ".join(parts)
