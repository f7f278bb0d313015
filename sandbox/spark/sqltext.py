"""SQL text as tokens with their places, so that spans of the original are replaced and all else stays as written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from sqlglot import Token, TokenType
from sqlglot.dialects.databricks import Databricks
from sqlglot.errors import TokenError

_BLOCKS_WITHOUT_OPENER = ("IF", "FOR", "WHILE", "LOOP", "REPEAT")


class _Tokenizer(Databricks.Tokenizer):
    """Databricks' tokens; the original leaves the rest of SHOW, OPTIMIZE and the like in one piece."""

    COMMANDS: ClassVar[set[TokenType]] = set()


@dataclass(frozen=True)
class Span:
    """Replace `text[start:end]` by `new`."""

    start: int
    end: int
    new: str


def tokens_of(sql: str) -> list[Token]:
    """Return the tokens of `sql`; none if it cannot be read, so that Spark reports the error itself."""
    try:
        tokens = _Tokenizer(dialect=Databricks()).tokenize(sql)
    except TokenError:
        return []
    return [part for token in tokens for part in _single_words(sql, token)]


def _single_words(sql: str, token: Token) -> list[Token]:
    """Keywords of several words (`PRIMARY KEY`) arrive as one token; the rules here read word by word."""
    text = sql[token.start : token.end + 1]
    if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER, TokenType.NUMBER) or len(text.split()) < 2:
        return [token]
    found = re.finditer(r"\S+", text)
    return [
        Token(TokenType.VAR, one.group(), token.line, token.col, token.start + one.start(), token.start + one.end() - 1)
        for one in found
    ]


def word(tokens: Sequence[Token], index: int) -> str:
    """Return the token at `index` in upper case, empty outside the text and for quoted text."""
    if not 0 <= index < len(tokens) or tokens[index].token_type in (TokenType.STRING, TokenType.IDENTIFIER):
        return ""
    return tokens[index].text.upper()


def words(tokens: Sequence[Token], start: int = 0, count: int = 4) -> tuple[str, ...]:
    """Return `count` words from `start` on."""
    return tuple(word(tokens, index) for index in range(start, start + count))


def replace(sql: str, spans: Iterable[Span]) -> str:
    """Return `sql` with every span replaced; a span within another goes with that one."""
    done, at = "", 0
    for span in sorted(spans, key=lambda one: (one.start, -one.end)):
        if span.start >= at:
            done, at = done + sql[at : span.start] + span.new, span.end
    return done + sql[at:]


def quoted(text: str) -> str:
    """Return `text` as a SQL string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def split_statements(sql: str) -> list[str]:
    """Split at semicolons, not at those within strings, comments and BEGIN … END blocks."""
    tokens = tokens_of(sql)
    if not tokens:
        return [sql.strip()] if sql.strip() and not _only_comments(sql) else []
    statements: list[str] = []
    first, depth = 0, 0
    for index, token in enumerate(tokens):
        depth += _depth_change(tokens, index)
        if token.token_type == TokenType.SEMICOLON and depth <= 0:
            statements += _statement(sql, tokens[first:index])
            first, depth = index + 1, 0
    return statements + _statement(sql, tokens[first:])


def _statement(sql: str, tokens: Sequence[Token]) -> list[str]:
    return [sql[tokens[0].start : tokens[-1].end + 1]] if tokens else []


def _depth_change(tokens: Sequence[Token], index: int) -> int:
    current, before = word(tokens, index), word(tokens, index - 1)
    if current == "END":
        return 0 if word(tokens, index + 1) in _BLOCKS_WITHOUT_OPENER else -1
    return 1 if current in ("BEGIN", "CASE") and before != "END" else 0


def _only_comments(sql: str) -> bool:
    """Text without tokens is a comment or unreadable; unreadable text keeps a token when a semicolon ends it."""
    lines = (line.strip() for line in sql.splitlines())
    return all(not line or line.startswith("--") for line in lines)
