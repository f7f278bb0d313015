"""Unity Catalog's privileges, checked before a statement reaches Spark. The administrator is not asked.

Needed are SELECT for what is read, MODIFY for what is written or altered, EXECUTE for functions, CREATE … on the schema
or catalog for what is made, MANAGE for what is dropped or replaced, and USE CATALOG and USE SCHEMA for all of it.
Whoever may read a view need not be allowed to read the tables below it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlglot
from sqlglot import Token, exp
from sqlglot.errors import SqlglotError

from sandbox.metastore import Kind
from sandbox.spark.rewrite import effects, names
from sandbox.spark.rewrite.objects import permitted
from sandbox.spark.rewrite.session import Session
from sandbox.spark.sqltext import word, words

Need = tuple[str, Kind, str]
_WRITING = ("ALTER", "TRUNCATE", "OPTIMIZE", "VACUUM", "ANALYZE", "RESTORE", "REFRESH", "MSCK")
_CREATES = {"TABLE": "CREATE_TABLE", "FUNCTION": "CREATE_FUNCTION"}
_NO_CATALOG = ("csv", "json", "parquet", "delta", "text", "orc", "avro", "binaryfile")


def check(sql: str, tokens: Sequence[Token], session: Session) -> None:
    """Refuse a statement that needs a privilege which the user lacks.

    Raises:
        StatementError: INSUFFICIENT_PERMISSIONS.
    """
    if session.administrates:
        return
    for privilege, kind, name in [
        *_made_or_dropped(tokens, session),
        *_shown(tokens, session),
        *_used(sql, tokens, session),
    ]:
        permitted(session, privilege, kind, name)


def check_name(name: str, privilege: str, session: Session) -> None:
    """Refuse a table that a DataFrame reads (SELECT) or writes (MODIFY); what is not there yet is made.

    Raises:
        StatementError: INSUFFICIENT_PERMISSIONS.
    """
    parts = names.dotted(name)
    if (
        session.administrates
        or parts[0] == names.SPARK_CATALOG
        or (len(parts) == 1 and _is_temporary(parts[0], session))
    ):
        return
    full = session.full("TABLE", parts)
    if privilege == "MODIFY" and not _exists(full, session):
        permitted(session, "CREATE_TABLE", "SCHEMA", full.rpartition(".")[0])
    else:
        permitted(session, privilege, "TABLE", full)


def _made_or_dropped(tokens: Sequence[Token], session: Session) -> Iterator[Need]:
    found = effects.target(tokens, session)
    if found is None or _is_temporary_object(tokens):
        return
    verb, kind, name = found
    parent = name.rpartition(".")[0]
    if verb == "DROP":
        yield "MANAGE", kind, name
    elif kind == "SCHEMA":
        yield "CREATE_SCHEMA", "CATALOG", parent
    else:
        yield _CREATES[kind], "SCHEMA", parent
        if "REPLACE" in words(tokens, 0, 3) and session.metastore.find(kind, name):
            yield "MANAGE", kind, name


def _is_temporary_object(tokens: Sequence[Token]) -> bool:
    return bool({"TEMPORARY", "TEMP"} & set(words(tokens, 1, 4)))


def _shown(tokens: Sequence[Token], session: Session) -> Iterator[Need]:
    """SHOW TABLES, VIEWS and FUNCTIONS need the use of their schema."""
    if word(tokens, 0) != "SHOW" or word(tokens, 1) not in ("TABLES", "VIEWS", "TABLE"):
        return
    at = next((index for index in range(len(tokens)) if word(tokens, index) in ("IN", "FROM")), None)
    parts = [session.schema]
    if at is not None:
        parts = [tokens[index].text for index in range(at + 1, len(tokens), 2) if _joined(tokens, at + 1, index)]
    yield "USE_SCHEMA", "SCHEMA", session.full("SCHEMA", parts)


def _joined(tokens: Sequence[Token], first: int, index: int) -> bool:
    return all(word(tokens, at) == "." for at in range(first + 1, index, 2))


def _used(sql: str, tokens: Sequence[Token], session: Session) -> Iterator[Need]:
    """What a statement reads and writes."""
    tree = _parsed(sql)
    if tree is None or isinstance(tree, exp.Command | exp.Alter):
        yield from _named(tokens, session)
        return
    local = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    made = _bare(tree.this) if isinstance(tree, exp.Create | exp.Drop) else None
    written = _bare(tree.this) if isinstance(tree, exp.Insert | exp.Merge | exp.Update | exp.Delete) else None
    for table in tree.find_all(exp.Table):
        if table is written:
            yield "MODIFY", "TABLE", session.full("TABLE", _parts(table))
        if table is not made and not (table is written and isinstance(tree, exp.Insert)):
            yield from _read(table, local, session)
    for call in tree.find_all(exp.Dot):
        if isinstance(call.expression, exp.Anonymous) and not isinstance(call.parent, exp.Dot):
            yield from _function(names.dotted(call.sql(dialect="databricks").partition("(")[0]), session)


def _read(table: exp.Table, local: set[str], session: Session) -> Iterator[Need]:
    parts = _parts(table)
    if isinstance(table.this, exp.Func):
        yield from _function([*parts, table.this.name], session)
    elif _is_table(parts, local, session):
        yield "SELECT", "TABLE", session.full("TABLE", parts)


def _parts(table: exp.Table) -> list[str]:
    return [part.name for part in table.parts if isinstance(part, exp.Identifier)]


def _bare(target: exp.Expr) -> exp.Expr:
    """The table of `table (columns)`."""
    inner: exp.Expr = target.this if isinstance(target, exp.Schema) else target
    return inner


def _parsed(sql: str) -> exp.Expr | None:
    try:
        tree: exp.Expr | None = sqlglot.parse(sql, dialect="databricks")[0]
    except SqlglotError:
        return None
    return tree


def _is_table(parts: Sequence[str], local: set[str], session: Session) -> bool:
    if not parts or (len(parts) == 2 and parts[0].lower() in _NO_CATALOG):
        return False
    if "information_schema" in (part.lower() for part in parts[:-1]) or (
        parts[0].lower() == "system" and len(parts) == 3
    ):
        return False
    return len(parts) > 1 or (parts[0].lower() not in local and not _is_temporary(parts[0], session))


def _function(parts: Sequence[str], session: Session) -> Iterator[Need]:
    if len(parts) > 1:
        yield "EXECUTE", "FUNCTION", session.full("FUNCTION", parts)


def _named(tokens: Sequence[Token], session: Session) -> Iterator[Need]:
    """Of a statement that sqlglot cannot read: every name of an object counts as read, or as altered."""
    privilege: str = "MODIFY" if word(tokens, 0) in _WRITING else "SELECT"
    if effects.target(tokens, session) is not None or word(tokens, 0) in ("SET", "USE", "RESET", "DECLARE"):
        privilege = "SELECT"
    elif words(tokens, 0, 2) in (("SHOW", "TABLES"), ("SHOW", "VIEWS"), ("SHOW", "FUNCTIONS")):
        return
    own = effects.target(tokens, session)
    for parts in names.objects(tokens):
        full = session.full("TABLE", parts)
        if _is_table(parts, set(), session) and (own is None or full != own[2]):
            yield privilege, "TABLE", full


def _is_temporary(name: str, session: Session) -> bool:
    found = session.ask(f"SHOW VIEWS LIKE '{name}'")
    return any(row[2] and row[1].lower() == name.lower() for row in found)


def _exists(full: str, session: Session) -> bool:
    catalog, schema, name = full.split(".")
    spark = names.schema_to_spark(catalog, schema)
    return bool(session.ask(f"SHOW TABLES IN {names.SPARK_CATALOG}.`{spark}` LIKE '{name}'"))
