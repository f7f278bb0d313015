"""Tells by parsing which SQL statements may lose data or objects. What cannot be read may."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.simplify import simplify
from sqlglot.tokenizer_core import Token, TokenType

_DIALECT = "databricks"
_HARMLESS_WORDS = frozenset({"SHOW", "DESCRIBE", "DESC", "EXPLAIN", "LIST", "USE", "ANALYZE", "OPTIMIZE", "UNDROP"})
"""First words of statements that lose nothing whatever follows; the parser does not know all of their forms."""
_HARMLESS_STATEMENTS = (
    exp.Query,
    exp.Insert,
    exp.Update,
    exp.Delete,
    exp.Merge,
    exp.Create,
    exp.Alter,
    exp.Copy,
    exp.Refresh,
    exp.Cache,
    exp.Uncache,
    exp.Comment,
    exp.Declare,
    exp.Set,
    exp.Grant,
)
"""Statements that lose nothing unless something in them does; every other kind may."""
_HARMLESS_CHANGES = (
    exp.ColumnDef,
    exp.Schema,
    exp.AlterColumn,
    exp.AlterRename,
    exp.RenameColumn,
    exp.AddConstraint,
    exp.AddPartition,
    exp.ClusterProperty,
    exp.Query,
)
"""What ALTER may do to a table or view without losing anything of it."""
_DROPS = (exp.Drop, exp.DropPartition, exp.TruncateTable, exp.Command)
_HOLDS_DATA = frozenset({"TABLE", "SCHEMA", "DATABASE", "CATALOG", "VOLUME"})
_SAME_ON_BOTH_SIDES = (exp.EQ, exp.NullSafeEQ, exp.GTE, exp.LTE)


def destructive_statements(sql: str) -> tuple[str, ...]:
    """Return the statements of a text that may delete or replace data or objects, as they are written.

    These are DROP, TRUNCATE, a DELETE or UPDATE that spares no row by a condition on a column, a MERGE that deletes,
    INSERT that overwrites or replaces, CREATE OR REPLACE of what holds data, ALTER that drops or replaces, VACUUM,
    RESTORE, a forced COPY INTO, EXECUTE IMMEDIATE, scripts, and whatever the parser does not understand.
    """
    try:
        tokens = sqlglot.tokenize(sql, read=_DIALECT)
    except SqlglotError:
        return (sql.strip(),)
    return tuple(text for text, first in _statements(sql, tokens) if _is_destructive(text, first))


def _statements(sql: str, tokens: list[Token]) -> Iterator[tuple[str, str]]:
    """Yield text and first word of each statement. A script is cut apart as well, and its parts are not readable."""
    start = 0
    for index, token in enumerate([*tokens, Token(TokenType.SEMICOLON, ";")]):
        if token.token_type is not TokenType.SEMICOLON:
            continue
        part = tokens[start:index]
        start = index + 1
        if part:
            yield sql[part[0].start : part[-1].end + 1], part[0].text.upper()


def _is_destructive(text: str, first_word: str) -> bool:
    if first_word in _HARMLESS_WORDS:
        return False
    try:
        parsed = sqlglot.parse_one(text, read=_DIALECT)
        return not isinstance(parsed, _HARMLESS_STATEMENTS) or any(_node_destroys(node) for node in parsed.walk())
    except (SqlglotError, RecursionError):
        return True


def _node_destroys(node: exp.Expr) -> bool:
    if isinstance(node, _DROPS):
        return True
    for kind, destroys in _LOOKED_INTO:
        if isinstance(node, kind):
            return destroys(node)
    return False


def _changes_all_rows(node: exp.Expr) -> bool:
    # The UPDATE of a MERGE stands below its WHEN and changes what that matched.
    return not isinstance(node.parent, exp.When) and not _spares_rows(node)


def _deletes_when(node: exp.Expr) -> bool:
    return str(node.args.get("then") or "").upper().startswith("DELETE")


def _overwrites(node: exp.Expr) -> bool:
    return any(node.args.get(name) for name in ("overwrite", "where", "using"))


def _replaces_data(node: exp.Expr) -> bool:
    kind = str(node.args.get("kind")).upper()
    return bool(node.args.get("replace")) and (kind in _HOLDS_DATA or node.find(exp.MaterializedProperty) is not None)


def _drops_part(node: exp.Expr) -> bool:
    return not all(_keeps_data(change) for change in node.args.get("actions") or [None])


def _is_forced(node: exp.Expr) -> bool:
    return any(_is_force(option) for option in node.find_all(exp.Property))


_LOOKED_INTO: tuple[tuple[type[exp.Expr] | tuple[type[exp.Expr], ...], Callable[[exp.Expr], bool]], ...] = (
    ((exp.Delete, exp.Update), _changes_all_rows),
    (exp.When, _deletes_when),
    (exp.Insert, _overwrites),
    (exp.Create, _replaces_data),
    (exp.Alter, _drops_part),
    (exp.Copy, _is_forced),
)


def _keeps_data(change: exp.Expr | None) -> bool:
    """Tell whether one change of ALTER loses nothing; shorter retention lets VACUUM delete what could be restored."""
    if isinstance(change, exp.AlterSet):
        return "retention" not in change.sql(dialect=_DIALECT).lower()
    return isinstance(change, _HARMLESS_CHANGES)


def _is_force(option: exp.Property) -> bool:
    value = option.args.get("value")
    return option.name.lower() == "force" and (value is None or value.name.lower() != "false")


def _spares_rows(statement: exp.Expr) -> bool:
    """Tell whether the condition depends on a column of the table.

    `WHERE true`, `WHERE 1 = 1` and `WHERE id = id` do not, and of what a subquery returns nothing is known unless the
    table's own column is compared with it.
    """
    where = statement.args.get("where")
    if where is None:
        return False
    tables = {table.name.lower() for query in where.find_all(exp.Query) for table in query.find_all(exp.Table)}
    if statement.this.name.lower() in tables:
        return False
    condition = simplify(where.this.copy().transform(_same_is_true), dialect=_DIALECT)
    return any(column.find_ancestor(exp.Query) is None for column in condition.find_all(exp.Column))


def _same_is_true(node: exp.Expr) -> exp.Expr:
    if isinstance(node, _SAME_ON_BOTH_SIDES) and node.this == node.expression:
        return exp.true()
    return node
