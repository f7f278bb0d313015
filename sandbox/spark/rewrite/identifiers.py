"""IDENTIFIER(…): names that are made of strings and parameters become plain names, which the other rules can read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlglot import Token, TokenType

from sandbox.spark.rewrite.names import dotted
from sandbox.spark.sqltext import Span, replace, tokens_of, word, words


def resolved(sql: str, args: Any) -> tuple[str, Any]:
    """Return the statement without those IDENTIFIER clauses whose value is known, and the parameters that are left."""
    tokens = tokens_of(sql)
    named = args if isinstance(args, Mapping) else {}
    spans, taken = [], set()
    for first, last in _clauses(tokens):
        value, used = _value(tokens[first + 2 : last], named)
        if value is not None:
            plain = ".".join(f"`{part}`" if not part.isidentifier() else part for part in dotted(value))
            spans.append(Span(tokens[first].start, tokens[last].end + 1, plain))
            taken |= used
    if not spans:
        return sql, args
    text = replace(sql, spans)
    return text, {name: value for name, value in named.items() if name not in taken or _marked(text, name)} or (
        args if not isinstance(args, Mapping) else None
    )


def _clauses(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """IDENTIFIER(…) from its first to its last token."""
    for index in range(len(tokens)):
        if words(tokens, index, 2) != ("IDENTIFIER", "("):
            continue
        depth = 0
        for last in range(index + 1, len(tokens)):
            depth += {"(": 1, ")": -1}.get(word(tokens, last), 0)
            if depth == 0:
                yield index, last
                break


def _value(tokens: Sequence[Token], named: Mapping[str, Any]) -> tuple[str | None, set[str]]:
    """Value of an expression of strings, parameters and `||`; None for any other."""
    text, used, index = "", set(), 0
    while index < len(tokens):
        if tokens[index].token_type == TokenType.STRING:
            text += tokens[index].text
        elif word(tokens, index) == ":" and index + 1 < len(tokens) and tokens[index + 1].text in named:
            index += 1
            used.add(tokens[index].text)
            text += str(named[tokens[index].text])
        elif word(tokens, index) not in ("||", "CONCAT", "(", ")", ","):
            return None, set()
        index += 1
    return (text or None), used


def _marked(sql: str, name: str) -> bool:
    tokens = tokens_of(sql)
    return any(word(tokens, at) == ":" and tokens[at + 1].text == name for at in range(len(tokens) - 1))
