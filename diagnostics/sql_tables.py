"""The tables, views, functions and schemas that SQL text reads, writes and creates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlglot import Token, exp

from diagnostics.metric_sources import sources_of
from diagnostics.sql_text import statements, with_values
from diagnostics.table_use import ANY, PLACEHOLDER, TableUse, is_pure_wildcard, sorted_names
from diagnostics.volumes import volume_of

__all__ = ["ANY", "PLACEHOLDER", "SqlUse", "TableUse", "read_sql", "sql_tables"]

_CREATED_KINDS = frozenset(("TABLE", "VIEW", "FUNCTION", "SCHEMA", "DATABASE"))
_SCHEMA_KINDS = frozenset(("SCHEMA", "DATABASE"))
_NO_NAME = frozenset(
    ("OR", "REPLACE", "REFRESH", "STREAMING", "MATERIALIZED", "EXTERNAL", "IF", "NOT", "EXISTS", "LIVE", "PRIVATE")
)
_BEFORE_READ = frozenset(("FROM", "JOIN", "CLONE"))
_BETWEEN = frozenset(("STREAM", "(", "TABLE", "LATERAL"))
_REMOVALS = (exp.Delete, exp.TruncateTable, exp.Drop)


@dataclass(frozen=True)
class SqlUse:
    """What SQL text uses, and what it leaves behind for later text of the same session."""

    use: TableUse
    namespace: tuple[str, str] = ("", "")
    """Catalog and schema that USE sets last; empty where it sets none."""
    views: tuple[str, ...] = ()
    """Temporary views."""


def sql_tables(text: str, values: Mapping[str, str] | None = None) -> TableUse:
    """Return what the statements of this text use. A statement that does not parse counts by its first words only."""
    return read_sql(text, values).use


def read_sql(text: str, values: Mapping[str, str] | None = None) -> SqlUse:
    """Return what the statements of this text use and leave behind.

    Args:
        text: SQL.
        values: what is known of its parameters.
    """
    total, views = TableUse(), set[str]()
    catalog, schema = "", ""
    for tokens, statement in statements(text, values or {}):
        if isinstance(statement, exp.Use):
            catalog, schema = _used(statement, catalog, schema)
            continue
        if _is_temporary(statement):
            views.update(filter(None, [_target(statement, temporary=True)]))
        use = _use(tokens, statement).without(views)
        files = sorted_names(filter(None, (volume_of(token.text) for token in tokens)))
        use = use.model_copy(update={"reads_volumes": files})
        total = total.joined(use.completed(_front(catalog, schema)))
    return SqlUse(total, (catalog, schema), tuple(sorted(views)))


def _front(catalog: str, schema: str) -> tuple[str, ...]:
    if schema:
        return (catalog or ANY, schema)
    return (catalog, ANY) if catalog else ()


def _used(statement: exp.Use, catalog: str, schema: str) -> tuple[str, str]:
    table = statement.this
    parts = [part.name for part in table.parts] if isinstance(table, exp.Table) else []
    names = [_clean(part) for part in parts]
    kind = str(statement.args.get("kind") or "").upper()
    if kind == "CATALOG" and names:
        return names[-1], ""
    if len(names) > 1:
        return names[-2], names[-1]
    return (catalog, names[0]) if names else (catalog, schema)


def _use(tokens: list[Token], statement: exp.Expr | None) -> TableUse:
    if statement is None or isinstance(statement, exp.Command):
        return _use_by_words(tokens)
    names = {_name(table) for table in statement.find_all(exp.Table)} - {
        cte.alias.lower() for cte in statement.find_all(exp.CTE)
    }
    target = _target(statement)
    reads = sorted_names(name for name in names if name and name != target and not is_pure_wildcard(name))
    if isinstance(statement, _REMOVALS):
        gone = statement.this.find(exp.Table) if isinstance(statement.this, exp.Expr) else None
        dropped = {_name(gone)} if gone else names
        left = tuple(name for name in reads if name not in dropped)
        return TableUse(reads=left, drops=sorted_names(dropped) if isinstance(statement, exp.Drop) else ())
    if isinstance(statement, exp.Grant | exp.Revoke):
        return TableUse()
    if target is None or is_pure_wildcard(target) or _is_temporary(statement):
        return TableUse(reads=reads)
    if isinstance(statement, exp.Create):
        return _created(target, str(statement.kind).upper(), reads)
    renamed = isinstance(statement, exp.Alter) and statement.find(exp.AlterRename) is not None
    return TableUse(reads=reads, writes=(target,), drops=(target,) if renamed else ())


def _created(target: str, kind: str, reads: tuple[str, ...] = (), *, is_metric_view: bool = False) -> TableUse:
    one = (target,)
    return TableUse(
        reads=reads,
        writes=one,
        creates=one,
        schemas=one if kind in _SCHEMA_KINDS else (),
        semantic=one if kind == "FUNCTION" or is_metric_view else (),
    )


def _target(statement: exp.Expr | None, *, temporary: bool = False) -> str | None:
    if isinstance(statement, exp.Create) and str(statement.kind).upper() not in _CREATED_KINDS:
        return None
    if isinstance(statement, exp.Create | exp.Insert | exp.Merge | exp.Update | exp.Copy | exp.Alter):
        table = statement.this.find(exp.Table) if statement.this else None
        return _name(table) if table and temporary is _is_temporary(statement) else None
    return None


def _is_temporary(statement: exp.Expr | None) -> bool:
    properties = statement.args.get("properties") if statement is not None else None
    return bool(properties and properties.find(exp.TemporaryProperty))


def _use_by_words(tokens: list[Token]) -> TableUse:
    """Read names off the tokens of a statement that sqlglot does not know: flows, metric views, deep clones."""
    words = [token.text for token in tokens]
    upper = [word.upper() for word in words[:12]]
    if not words or upper[0] not in {"CREATE", "APPLY", "INSERT", "AUTO"}:
        return TableUse()
    written = sorted_names(_names_after(words, frozenset(("INTO",)), _BETWEEN))
    reads = sorted_names(name for name in _names_after(words, _BEFORE_READ, _BETWEEN) if name not in written)
    kind = next((at for at, word in enumerate(upper[:8]) if word in _CREATED_KINDS), None)
    if upper[0] != "CREATE" or kind is None or "FLOW" in upper[:kind]:
        return TableUse(reads=reads, writes=written)
    target = next(iter(_dotted(words, kind + 1, _NO_NAME)), "")
    if not target or is_pure_wildcard(target):
        return TableUse(reads=reads)
    is_metric_view = "METRICS" in upper
    sources = sources_of(words[-1]) if is_metric_view else ()
    reads = sorted_names((*reads, *(table for source in sources for table in source_tables(source, {}))))
    return _created(target, upper[kind], reads, is_metric_view=is_metric_view)


def source_tables(source: str, values: Mapping[str, str]) -> tuple[str, ...]:
    """Return the tables of a metric view's source: it is a name or a query."""
    is_query = " " in source.strip()
    return sql_tables(source, values).reads if is_query else (_clean(with_values(source, values).replace("`", "")),)


def _names_after(words: list[str], openers: frozenset[str], skipped: frozenset[str]) -> Iterator[str]:
    for at, word in enumerate(words):
        if word.upper() in openers:
            for name in _dotted(words, at + 1, skipped):
                if not is_pure_wildcard(name) and name.upper() not in {"SELECT", "VALUES", "READ_FILES"}:
                    yield name


def _dotted(words: list[str], start: int, skipped: frozenset[str]) -> Iterator[str]:
    """Yield the name that begins here, after words that are no part of it."""
    parts: list[str] = []
    for word in words[start:]:
        if not parts and word.upper() in skipped:
            continue
        if word != "." and parts and parts[-1] != ".":
            break
        parts.append(word)
    name = _clean("".join(parts))
    if name:
        yield name


def _name(table: exp.Table) -> str:
    """Return the name of a table or schema; of a function in FROM only with its schema, without one it is built in."""
    called = table.this
    if isinstance(called, exp.Func) and not table.args.get("db"):
        return ""
    return _clean(".".join(part.name for part in table.parts))


def _clean(name: str) -> str:
    return name.replace(PLACEHOLDER, ANY).lower().removeprefix("live.").strip()
