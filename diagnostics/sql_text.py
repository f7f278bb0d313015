"""Splits SQL text into statements, with parameters and `IDENTIFIER(…)` replaced by what they stand for."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping

import sqlglot
from sqlglot import Token, TokenType, exp

from diagnostics.table_use import PLACEHOLDER

MAX_CHARACTERS = 400_000
"""Longer text is data rather than statements."""
_TEMPLATED = re.compile(r"\$\{([^{}\n]*)\}|\{\{([^{}\n]*)\}\}")
_BODY = re.compile(r"\$\$(.*?)\$\$", re.DOTALL)
"""The body of a metric view or function, which sqlglot would read as SQL."""
_PLAIN = re.compile(r"[\w.*]+")
_DIALECT = sqlglot.Dialect.get_or_raise("databricks")
# sqlglot reports statements that it keeps as plain text; here that is expected (OPTIMIZE, metric views).
_QUIET = logging.getLogger("sqlglot")


def statements(text: str, values: Mapping[str, str]) -> Iterator[tuple[list[Token], exp.Expr | None]]:
    """Yield the tokens of each statement, and its tree where sqlglot knows it.

    Args:
        text: SQL, with `${name}`, `{{name}}` or `:name` for parameters.
        values: what is known of the parameters.
    """
    if len(text) > MAX_CHARACTERS:
        return
    text = _BODY.sub(_quoted, with_values(text, values))
    text = _with_identifiers(text, values)
    tokens = _tokens(text)
    start = 0
    for position in range(len(tokens) + 1):
        if position == len(tokens) or tokens[position].token_type is TokenType.SEMICOLON:
            part = tokens[start:position]
            if part:
                yield part, _parsed(text[part[0].start : part[-1].end + 1])
            start = position + 1


def with_values(text: str, values: Mapping[str, str]) -> str:
    """Return the text with `${name}` and `{{name}}` replaced by their values, or by the placeholder."""
    return _TEMPLATED.sub(lambda match: _templated(match, values), text)


def _templated(match: re.Match[str], values: Mapping[str, str]) -> str:
    name = (match[1] or match[2] or "").strip().removeprefix("job.parameters.").removeprefix("widgets.")
    known = values.get(name, "")
    return known if known and _PLAIN.fullmatch(known) and "*" not in known else PLACEHOLDER


def _quoted(match: re.Match[str]) -> str:
    escaped = match[1].replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _tokens(text: str) -> list[Token]:
    try:
        return _DIALECT.tokenize(text)
    except sqlglot.errors.TokenError:
        return []


def _parsed(text: str) -> exp.Expr | None:
    level = _QUIET.level
    _QUIET.setLevel(logging.CRITICAL)
    try:
        return sqlglot.parse_one(text, dialect="databricks")
    except (sqlglot.errors.SqlglotError, RecursionError):
        return None
    finally:
        _QUIET.setLevel(level)


def _with_identifiers(text: str, values: Mapping[str, str]) -> str:
    """Write `IDENTIFIER(:catalog || '.gold.t')` as the name that it means."""
    if "identifier" not in text.lower():
        return text
    tokens = _tokens(text)
    done, end, at = "", 0, 0
    while at < len(tokens) - 1:
        if tokens[at].text.upper() == "IDENTIFIER" and tokens[at + 1].token_type is TokenType.L_PAREN:
            close = _closing(tokens, at + 1)
            done += text[end : tokens[at].start] + _name(tokens[at + 2 : close], values)
            end, at = tokens[close].end + 1, close
        at += 1
    return done + text[end:]


def _closing(tokens: list[Token], opening: int) -> int:
    depth = 0
    for at in range(opening, len(tokens)):
        kind = tokens[at].token_type
        depth += (kind is TokenType.L_PAREN) - (kind is TokenType.R_PAREN)
        if depth == 0:
            return at
    return len(tokens) - 1


def _name(tokens: list[Token], values: Mapping[str, str]) -> str:
    text = ""
    for at, token in enumerate(tokens):
        before = tokens[at - 1].text if at else ""
        if token.token_type is TokenType.STRING:
            text += token.text
        elif before == ":":
            text += values.get(token.text, "") or PLACEHOLDER
        elif token.text not in {"||", ":", "("}:
            text += PLACEHOLDER
    parts = (part if _PLAIN.fullmatch(part) else f"`{part}`" for part in text.replace("`", "").split(".") if part)
    return ".".join(parts) or PLACEHOLDER
