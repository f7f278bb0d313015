"""The one place where SQL differs between Databricks and the sandbox's open-source Spark.

On the way in, for every statement of warehouses, notebooks, SQL files and pipelines:
- names (`names`): three levels on Spark's two; `main` is Spark's `spark_catalog`, the schemas of other catalogs are
  schemas of it under names that tell both. USE CATALOG and USE are followed, so names of one and two parts are found in
  the session's catalog; current_catalog() and current_schema() answer as on Databricks
- IDENTIFIER('…' || :parameter) becomes a plain name (`identifiers`)
- PRIMARY KEY and FOREIGN KEY are taken out and kept (`keys`); CLUSTER BY AUTO and PREDICTIVE OPTIMIZATION are left out
- answered without Spark: CREATE, ALTER, DROP, DESCRIBE, SHOW of catalogs and volumes (`objects`), COMMENT ON what Spark
  has no comment for (`commands`), GRANT, REVOKE and SHOW GRANTS (`grants`), tags (`tags`), owners
- information_schema of every catalog and of `system` (`information_schema`): its rows are read and put into the query
- privileges are checked (`access`), and what DDL makes and drops is noted (`effects`)
On the way out: names in the answers of SHOW, DESCRIBE and EXPLAIN (`telling`) and in error texts, never in data. The
error for an unknown catalog is NO_SUCH_CATALOG_EXCEPTION. Refused as SANDBOX_UNSUPPORTED: what `refused` lists.

Limits: an alias that is called like a catalog, with a struct in a struct (`main.a.b`), is taken for the catalog. Inside
BEGIN … END only names are rewritten. A view over information_schema keeps the rows of the moment when it was made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlglot import Token, TokenType

from sandbox.metastore import MAIN, Key
from sandbox.spark.errors import UnsupportedError
from sandbox.spark.rewrite import (
    access,
    commands,
    effects,
    identifiers,
    information_schema,
    keys,
    names,
    refused,
    telling,
)
from sandbox.spark.rewrite.names import SPARK_CATALOG, dotted
from sandbox.spark.rewrite.session import Plan, Session, StatementError, relation_of
from sandbox.spark.sqltext import Span, quoted, replace, tokens_of, words

CATALOG = MAIN
__all__ = [
    "CATALOG",
    "SPARK_CATALOG",
    "Plan",
    "Session",
    "StatementError",
    "access",
    "current",
    "dotted",
    "effects",
    "from_spark",
    "name_to_spark",
    "plan",
    "relation_of",
    "schema_to_spark",
    "set_current",
    "to_spark",
]
_NO_DEFINITION = "`SHOW CREATE TABLE` is not supported for Delta tables"
_open: list[Session] = []


def current() -> Session:
    """The session of this process; one that knows `main` alone where none has been opened."""
    if not _open:
        _open.append(Session())
    return _open[-1]


def set_current(session: Session) -> None:
    """Make a session the one of this process."""
    _open[:] = [session]


def plan(sql: str, session: Session | None = None, args: Any = None) -> Plan:
    """Return what Spark is given for a statement of Databricks, and what happens around it.

    Args:
        sql: One statement.
        session: Whose session it is; that of this process if left out.
        args: Its named or positional parameters.

    Raises:
        UnsupportedError: nothing here can run it.
        StatementError: it is refused in Databricks' words.
    """
    session = session or current()
    sql, args = identifiers.resolved(sql, args)
    tokens = tokens_of(sql)
    if not tokens:
        return Plan(sql, args)
    refused.check(tokens)
    own = commands.plan(sql, tokens, session)
    if own is not None:
        return own
    access.check(sql, tokens, session)
    key_spans, created_keys = _keys(sql, tokens, session)
    spans = [*key_spans, *_spans(sql, tokens, session, args)]
    rewritten = Plan(replace(sql, spans), args, after=effects.steps(tokens, created_keys, session))
    return telling.told(tokens, rewritten, session) if telling.is_telling(tokens) else rewritten


def to_spark(sql: str) -> str:
    """Return the text of a statement that only Spark takes part in, as a query of a pipeline."""
    return plan(sql).text


def name_to_spark(name: str) -> str:
    """Return a table, view or function name as Spark knows it; names of one or two parts of `main` stay as they are."""
    parts, session = dotted(name), current()
    if len(parts) == 3 and parts[0].lower() == MAIN:
        return f"{SPARK_CATALOG}.{name.split('.', 1)[1]}"
    if (len(parts) == 3 and parts[0].lower() in session.catalogs()) or (len(parts) == 2 and session.catalog != MAIN):
        return names.to_spark(parts, session)
    return name


def schema_to_spark(name: str) -> str:
    """Return a schema's name, of one or two parts, as Spark knows it; one of `main` alone stays as it is."""
    parts, session = dotted(name), current()
    if len(parts) == 2 and parts[0].lower() in session.catalogs():
        return f"{SPARK_CATALOG}.{names.schema_to_spark(parts[0], parts[1])}"
    if len(parts) == 1 and session.catalog != MAIN:
        return f"{SPARK_CATALOG}.{names.schema_to_spark(session.catalog, parts[0])}"
    return name


def from_spark(text: str) -> str:
    """Return an error text or a name with the names that the user knows."""
    if "REQUIRES_SINGLE_PART_NAMESPACE" in text:
        return _unknown_catalog(text)
    if _NO_DEFINITION in text:
        return str(UnsupportedError("SHOW CREATE TABLE of a Delta table"))
    return names.from_spark(text)


def _spans(sql: str, tokens: Sequence[Token], session: Session, args: Any) -> Iterator[Span]:
    yield from information_schema.spans(tokens, session, args)
    yield from names.spans(sql, tokens, session)
    yield from names.current_functions(tokens, session)
    yield from _cluster_by_auto(tokens)
    yield from _immediate(tokens, session)


def _keys(sql: str, tokens: Sequence[Token], session: Session) -> tuple[list[Span], list[Key] | None]:
    made = effects.target(tokens, session)
    if made is None or made[0] == "DROP" or "TABLE" not in words(tokens, 1, 4):
        return [], None
    return keys.in_create(sql, tokens, made[2], session)


def _cluster_by_auto(tokens: Sequence[Token]) -> Iterator[Span]:
    for index in range(len(tokens)):
        if words(tokens, index, 3) == ("CLUSTER", "BY", "AUTO"):
            yield Span(tokens[index].start, tokens[index + 2].end + 1, "")


def _immediate(tokens: Sequence[Token], session: Session) -> Iterator[Span]:
    """The statement within EXECUTE IMMEDIATE '…'."""
    if words(tokens, 0, 2) == ("EXECUTE", "IMMEDIATE") and len(tokens) > 2 and tokens[2].token_type == TokenType.STRING:
        inner = plan(tokens[2].text, session)
        yield Span(tokens[2].start, tokens[2].end + 1, quoted(inner.text))


def _unknown_catalog(text: str) -> str:
    """Spark says that a second name part is too many where Databricks says that the catalog does not exist."""
    named = text.partition("`")[2].partition("`")[0]
    return (
        f"[NO_SUCH_CATALOG_EXCEPTION] Catalog '{named}' was not found. Please verify the catalog name and "
        "then retry the query or command again. SQLSTATE: 42704"
    )
