"""What is valid SQL on Databricks and cannot run on open-source Spark: named, never guessed at.

Statements: CREATE/ALTER/DROP/DESCRIBE/SHOW of CONNECTION, SHARE, RECIPIENT, EXTERNAL LOCATION, STORAGE CREDENTIAL;
external volumes, foreign catalogs; COPY INTO; UNDROP; MATERIALIZED VIEW and STREAMING TABLE outside a pipeline;
functions in PYTHON; metric views of version 1.1 or with joins.
Objects: the `system` catalog but for its information_schema, read_files(), event_log(), ai_…() functions, paths below
/Volumes.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import Token, TokenType

from sandbox.spark.errors import UnsupportedError
from sandbox.spark.sqltext import word, words

_VERBS = ("CREATE", "ALTER", "DROP", "DESCRIBE", "DESC", "SHOW")
_OBJECTS = (
    *(
        "CONNECTION",
        "CONNECTIONS",
        "SHARE",
        "SHARES",
        "RECIPIENT",
        "RECIPIENTS",
        "MATERIALIZED VIEW",
        "STREAMING TABLE",
    ),
    *("EXTERNAL LOCATION", "EXTERNAL LOCATIONS", "STORAGE CREDENTIAL", "STORAGE CREDENTIALS"),
    *("EXTERNAL VOLUME", "FOREIGN CATALOG"),
)
_FILLERS = ("OR", "REPLACE", "REFRESH", "EXTERNAL", "FOREIGN")
_FUNCTIONS = ("READ_FILES", "EVENT_LOG", "HTTP_REQUEST", "REMOTE_QUERY", "READ_KAFKA")


def check(tokens: Sequence[Token]) -> None:
    """Refuse a statement that only Databricks runs.

    Raises:
        UnsupportedError: it names what and where.
    """
    _check_statement(tokens)
    _check_metric_view(tokens)
    for index, token in enumerate(tokens):
        _check_token(tokens, index, token)


def _check_statement(tokens: Sequence[Token]) -> None:
    first, second = words(tokens, 0, 2)
    if (first, second) == ("COPY", "INTO") or first == "UNDROP":
        raise UnsupportedError(f"{first} {second}", _line(tokens[0]))
    if first not in _VERBS:
        return
    start = next((i for i in range(1, len(tokens)) if word(tokens, i) not in _FILLERS[:3]), 1)
    one, two = words(tokens, start, 2)
    named = next((name for name in (f"{one} {two}", one) if name in _OBJECTS), None)
    if named:
        raise UnsupportedError(f"{first} {named}", _line(tokens[start]))


def _check_metric_view(tokens: Sequence[Token]) -> None:
    if not any(words(tokens, index, 2) == ("WITH", "METRICS") for index in range(len(tokens))):
        return
    for token in tokens:
        lines = [line.strip() for line in token.text.splitlines()] if "measures:" in token.text else []
        for line in lines:
            if line.startswith("joins:") or (line.startswith("version:") and "0.1" not in line):
                raise UnsupportedError(f"metric view with `{line}`", _line(token))


def _check_token(tokens: Sequence[Token], index: int, token: Token) -> None:
    following = words(tokens, index + 1, 2)
    current = word(tokens, index)
    if following[0] == "(" and (current in _FUNCTIONS or current.startswith("AI_")):
        raise UnsupportedError(f"{current.lower()}()", _line(token))
    if current == "SYSTEM" and following[0] == "." and word(tokens, index - 1) in ("FROM", "JOIN", "TABLE"):
        if following[1] == "INFORMATION_SCHEMA":
            return
        raise UnsupportedError("the system catalog", _line(token))
    if current == "LANGUAGE" and following[0] == "PYTHON":
        raise UnsupportedError("functions in LANGUAGE PYTHON", _line(token))
    if token.token_type == TokenType.STRING and token.text.startswith("/Volumes/"):
        raise UnsupportedError(f"volume path {token.text}", _line(token))


def _line(token: Token) -> str:
    return f"line {token.line} of the statement"
