"""The last look before an act that a person has to allow. It trusts no object that claims to be an approval."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.simplify import simplify

from workspace.errors import ApprovalRequiredError

_HARMLESS_ACTIONS = frozenset(
    {"skip", "create", "update", "update_id", "resize", "validate", "plan", "deploy", "run", "run_resource", "wait"}
)
_HARMLESS_COMMANDS = frozenset({"SHOW", "DESCRIBE", "DESC", "EXPLAIN", "LIST", "USE", "ANALYZE", "OPTIMIZE"})
_HOLDS_DATA = frozenset({"TABLE", "SCHEMA", "DATABASE"})


@dataclass(frozen=True, kw_only=True)
class Act:
    """One act, named so exactly that an approval of it can allow nothing else."""

    operation: str
    resource: str | None
    action: str
    digest: str
    """Identifies exactly what would be done."""


class Approvals(Protocol):
    """Where approvals are looked up and used up."""

    def consume(
        self, *, operation: str, resource: str | None, action: str, digest: str, now: datetime | None = None
    ) -> object:
        """Use up the approval of exactly this act, or raise ApprovalRequiredError."""
        ...


class Guard:
    """Lets an act pass when a person approved exactly it, and only once."""

    def __init__(self, approvals: Approvals) -> None:
        self._approvals = approvals

    def require(self, act: Act) -> None:
        """Use up the approval of this act; to be called right before the act.

        Raises:
            ApprovalRequiredError: nobody approved exactly this, or the approval is used or too old.
        """
        try:
            self._approvals.consume(
                operation=act.operation, resource=act.resource, action=act.action, digest=act.digest
            )
        except ApprovalRequiredError as error:
            raise ApprovalRequiredError(
                f"{error} Nothing was done. To allow it, resume operation {act.operation} and approve "
                f"`{act.action}` for {act.resource or 'the bundle'} (digest {act.digest[:12]})."
            ) from error


def is_destructive(action: str) -> bool:
    """Tell whether an action may lose something; every action that is not known to be harmless may."""
    return re.sub(r"[^a-z0-9]+", "_", action.lower()).strip("_") not in _HARMLESS_ACTIONS


def destructive_statements(sql: str) -> tuple[str, ...]:
    """Return the statements that delete or replace data or objects, and whatever cannot be read.

    Destructive are DROP, TRUNCATE, a DELETE that spares no row by a condition on a column, a MERGE that deletes,
    INSERT OVERWRITE and CREATE OR REPLACE of a table or schema, and commands that the parser does not understand.
    """
    try:
        statements = [statement for statement in sqlglot.parse(sql, read="databricks") if statement is not None]
        return tuple(statement.sql(dialect="databricks") for statement in statements if _destroys(statement))
    except (SqlglotError, RecursionError):
        return (sql.strip(),)


def _destroys(statement: exp.Expr) -> bool:
    """Tell whether a statement, or one inside it, loses something."""
    return any(_node_destroys(node) for node in statement.walk())


def _node_destroys(node: exp.Expr) -> bool:
    if isinstance(node, exp.Delete):
        return not _spares_rows(node)
    if isinstance(node, exp.When):
        return str(node.args.get("then") or "").upper().startswith("DELETE")
    if isinstance(node, exp.Insert):
        return bool(node.args.get("overwrite") or node.args.get("where"))
    if isinstance(node, exp.Create):
        return bool(node.args.get("replace")) and str(node.args.get("kind")).upper() in _HOLDS_DATA
    if isinstance(node, exp.Command):
        return str(node.this).upper() not in _HARMLESS_COMMANDS
    return isinstance(node, exp.Drop | exp.DropPartition | exp.TruncateTable)


def _spares_rows(delete: exp.Delete) -> bool:
    """Tell whether the condition of a DELETE depends on a column; `WHERE true` and `WHERE 1 = 1` do not."""
    where = delete.args.get("where")
    return where is not None and simplify(where.copy(), dialect="databricks").find(exp.Column) is not None
