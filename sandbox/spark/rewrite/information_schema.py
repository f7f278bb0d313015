"""The views of information_schema, of a catalog or of `system`: their rows are read when a statement names them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlglot import Token, TokenType

from sandbox.spark.errors import UnsupportedError
from sandbox.spark.rewrite import information_grants, information_keys, information_relations, information_routines
from sandbox.spark.rewrite.information_scope import Scope, View
from sandbox.spark.rewrite.objects import require_catalog
from sandbox.spark.rewrite.session import Session, relation
from sandbox.spark.sqltext import Span, word

NAME = "information_schema"
VIEWS: Mapping[str, View] = {
    **information_relations.VIEWS,
    **information_routines.VIEWS,
    **information_keys.VIEWS,
    **information_grants.VIEWS,
}


def spans(tokens: Sequence[Token], session: Session, args: Any) -> Iterator[Span]:
    """Replace the names of these views by their rows.

    Raises:
        UnsupportedError: a view of this name exists on Databricks alone.
    """
    places = [index for index in range(len(tokens)) if _is_view(tokens, index)]
    if not places:
        return
    schemas = _equal_to(tokens, ("table_schema", "schema_name", "routine_schema", "specific_schema"), len(places), args)
    tables = _equal_to(tokens, ("table_name",), len(places), args)
    for index in places:
        first = index - 2 if word(tokens, index - 1) == "." else index
        catalog = tokens[first].text.lower() if first < index else session.catalog
        view = tokens[index + 2].text.lower()
        if catalog != "system":
            require_catalog(catalog, session)
        catalogs = tuple(sorted(session.catalogs())) if catalog == "system" else (catalog,)
        alias = "" if _has_alias(tokens, index + 3) else f" AS {view}"
        query = _query(view, Scope(session, catalogs, schemas, tables))
        yield Span(tokens[first].start, tokens[index + 2].end + 1, f"({query}){alias}")


def _query(view: str, scope: Scope) -> str:
    found = VIEWS.get(view)
    if found is None:
        raise UnsupportedError(f"{NAME}.{view}")
    columns, rows = found
    return relation(rows(scope), columns)


def _is_view(tokens: Sequence[Token], index: int) -> bool:
    return tokens[index].text.lower() == NAME and word(tokens, index + 1) == "." and index + 2 < len(tokens)


def _has_alias(tokens: Sequence[Token], index: int) -> bool:
    if index >= len(tokens):
        return False
    return word(tokens, index) == "AS" or tokens[index].token_type in (TokenType.VAR, TokenType.IDENTIFIER)


def _equal_to(tokens: Sequence[Token], columns: tuple[str, ...], views: int, args: Any) -> set[str] | None:
    """Values that a column is compared with, if every view is narrowed so and no condition is an alternative."""
    named = args if isinstance(args, Mapping) else {}
    found: set[str] = set()
    times = 0
    for index, token in enumerate(tokens):
        current = word(tokens, index)
        if current in ("OR", "NOT", "CASE", "UNION") or (current == "OUTER" and views > 1):
            return None
        if token.text.lower() in columns and word(tokens, index + 1) == "=" and index + 2 < len(tokens):
            value = _value(tokens, index + 2, named)
            if value is None or not re.fullmatch(r"[\w-]+", value):
                return None
            found.add(value)
            times += 1
    return found if times >= views else None


def _value(tokens: Sequence[Token], index: int, named: Mapping[str, Any]) -> str | None:
    if tokens[index].token_type == TokenType.STRING:
        return tokens[index].text
    if word(tokens, index) == ":" and index + 1 < len(tokens):
        value = named.get(tokens[index + 1].text)
        return value if isinstance(value, str) else None
    return None
