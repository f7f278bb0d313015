"""The tables, views, functions and schemas that SQL text reads, writes and creates."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Sequence

import sqlglot
from sqlglot import Token, TokenType, exp

from workspace.models import Model

ANY = "*"
"""Stands for a part of a name that is only known when the program runs."""
PLACEHOLDER = "__any__"
"""What stands for it while sqlglot parses."""

_TEMPLATED = re.compile(r"\$\{[^{}\n]*\}|\{\{[^{}\n]*\}\}")
_CREATED_KINDS = frozenset(("TABLE", "VIEW", "FUNCTION", "SCHEMA"))
_NO_NAME = frozenset(
    ("OR", "REPLACE", "REFRESH", "STREAMING", "MATERIALIZED", "EXTERNAL", "IF", "NOT", "EXISTS", "LIVE")
)

# sqlglot reports statements that it keeps as plain text; here that is expected (OPTIMIZE, metric views).
_QUIET = logging.getLogger("sqlglot")


class TableUse(Model):
    """Names that one resource, program or statement uses; each tuple is sorted."""

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    """Tables that get rows or are changed."""
    creates: tuple[str, ...] = ()
    """Objects that exist afterwards because of it."""

    def joined(self, other: TableUse) -> TableUse:
        """Return both uses in one."""
        return TableUse(
            reads=_sorted((*self.reads, *other.reads)),
            writes=_sorted((*self.writes, *other.writes)),
            creates=_sorted((*self.creates, *other.creates)),
        )

    def completed(self, namespace: Sequence[str]) -> TableUse:
        """Return the use with catalog and schema put before names that lack them."""
        if not namespace:
            return self

        def complete(names: tuple[str, ...]) -> tuple[str, ...]:
            wanted = len(namespace) + 1
            return _sorted(".".join((*namespace[: max(0, wanted - len(n.split(".")))], n)) for n in names)

        return TableUse(reads=complete(self.reads), writes=complete(self.writes), creates=complete(self.creates))


def sql_tables(text: str) -> TableUse:
    """Return what the statements of this text use. A statement that does not parse counts by its first words only."""
    total = TableUse()
    for tokens, statement in _statements(_TEMPLATED.sub(PLACEHOLDER, text)):
        total = total.joined(_use(tokens, statement))
    return total


def _statements(text: str) -> Iterator[tuple[list[Token], exp.Expr | None]]:
    dialect = sqlglot.Dialect.get_or_raise("databricks")
    try:
        tokens = dialect.tokenize(text)
    except sqlglot.errors.TokenError:
        return
    start = 0
    for position in range(len(tokens) + 1):
        if position == len(tokens) or tokens[position].token_type is TokenType.SEMICOLON:
            part = tokens[start:position]
            if part:
                yield part, _parsed(text[part[0].start : part[-1].end + 1])
            start = position + 1


def _parsed(text: str) -> exp.Expr | None:
    level = _QUIET.level
    _QUIET.setLevel(logging.CRITICAL)
    try:
        return sqlglot.parse_one(text, dialect="databricks")
    except sqlglot.errors.SqlglotError:
        return None
    finally:
        _QUIET.setLevel(level)


def _use(tokens: list[Token], statement: exp.Expr | None) -> TableUse:
    if statement is None or isinstance(statement, exp.Command):
        created = _created_by_words(tokens)
        return TableUse(creates=created, writes=created)
    tables = [table for table in statement.find_all(exp.Table) if table.name]
    names = {_name(table) for table in tables} - {cte.alias for cte in statement.find_all(exp.CTE)}
    target = _target(statement)
    reads = _sorted(name for name in names if name != target and not _is_pure_wildcard(name))
    if target is None or _is_pure_wildcard(target):
        return TableUse(reads=reads)
    if isinstance(statement, exp.Create):
        return TableUse(reads=reads, writes=(target,), creates=(target,))
    return TableUse(reads=reads, writes=(target,))


def _target(statement: exp.Expr) -> str | None:
    if isinstance(statement, exp.Create) and statement.kind not in _CREATED_KINDS:
        return None
    if isinstance(statement, exp.Create | exp.Insert | exp.Merge | exp.Update | exp.Delete | exp.Copy | exp.Alter):
        table = statement.this.find(exp.Table) if statement.this else None
        return _name(table) if table and not _is_temporary(statement) else None
    return None


def _is_temporary(statement: exp.Expr) -> bool:
    properties = statement.args.get("properties")
    return bool(properties and properties.find(exp.TemporaryProperty))


def _created_by_words(tokens: list[Token]) -> tuple[str, ...]:
    """Read `CREATE … TABLE name` off the tokens of a statement that sqlglot does not know."""
    words = [token.text for token in tokens]
    if not words or words[0].upper() != "CREATE":
        return ()
    kind = next((n for n, word in enumerate(words[:8]) if word.upper() in _CREATED_KINDS), None)
    if kind is None:
        return ()
    parts: list[str] = []
    for word in words[kind + 1 :]:
        if not parts and word.upper() in _NO_NAME:
            continue
        if word != "." and parts and parts[-1] != ".":
            break
        parts.append(word)
    name = "".join(parts).replace(PLACEHOLDER, ANY).lower()
    return () if not name or _is_pure_wildcard(name) else (name,)


def _name(table: exp.Table) -> str:
    return ".".join(part.name for part in table.parts).replace(PLACEHOLDER, ANY).lower()


def _is_pure_wildcard(name: str) -> bool:
    return name.rpartition(".")[2].strip("*_") == ""


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))
