"""The one place where SQL differs between Databricks and the sandbox's open-source Spark.

Rewritten on the way in:
- the Unity catalog `main` is Spark's `spark_catalog`: the first of three or more name parts (quoted or not), a catalog
  and schema after SCHEMA, DATABASE, USE, and after IN and FROM of SHOW; `USE CATALOG` and `SET CATALOG`; names inside
  IDENTIFIER('…') and the parameters that IDENTIFIER(…) reads
- `CLUSTER BY AUTO` is left out: no service here chooses the columns
- PRIMARY KEY and FOREIGN KEY, which Databricks does not enforce, are left out of CREATE TABLE; `ALTER TABLE … ADD
  CONSTRAINT` keeps one as the table property `sandbox.constraint.<name>`
Rewritten on the way out: `spark_catalog` is `main` in error texts, in what SHOW, DESCRIBE and EXPLAIN answer and in the
value of current_catalog(), never in other data; Spark's error for an unknown catalog is Databricks'
NO_SUCH_CATALOG_EXCEPTION. Refused: what `sandbox.spark.refused` lists.

Limit: a table alias `main` with a struct in a struct (`main.a.b`) is taken for the catalog.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlglot import Token, TokenType

from sandbox.spark import refused
from sandbox.spark.errors import UnsupportedError
from sandbox.spark.sqltext import Span, quoted, replace, tokens_of, word, words

CATALOG = "main"
SPARK_CATALOG = "spark_catalog"
_SCHEMA_WORDS = ("SCHEMA", "DATABASE", "NAMESPACE", "EXISTS", "USE")
_NO_DEFINITION = "`SHOW CREATE TABLE` is not supported for Delta tables"
_TELLING = ("SHOW", "DESCRIBE", "DESC", "EXPLAIN")
"""Statements whose answers are names and definitions."""
_KEY_TAIL = (
    "NOT",
    "ENFORCED",
    "RELY",
    "NORELY",
    "DEFERRABLE",
    "INITIALLY",
    "DEFERRED",
    "MATCH",
    "FULL",
    "ON",
    "NO",
    "ACTION",
)


def to_spark(sql: str) -> str:
    """Return a Databricks statement as open-source Spark understands it.

    Raises:
        UnsupportedError: nothing here can run it.
    """
    tokens = tokens_of(sql)
    refused.check(tokens)
    return replace(sql, [*_catalog_spans(tokens), *_cluster_by_auto(tokens), *_constraints(sql, tokens)])


def name_to_spark(name: str) -> str:
    """Return a table, view or function name as Spark knows it."""
    parts = name.replace("`", "").split(".")
    if len(parts) == 3 and parts[0].lower() == CATALOG:
        return f"{SPARK_CATALOG}.{name.split('.', 1)[1]}"
    return name


def parameters_to_spark(sql: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return named parameter values with the catalog's name as Spark's where IDENTIFIER(…) reads them."""
    tokens = tokens_of(sql)
    names = {tokens[i + 1].text for i in _within_identifier(tokens) if word(tokens, i) == ":" and i + 1 < len(tokens)}
    return {key: _identifier_value(value) if key in names else value for key, value in values.items()}


def from_spark(text: str) -> str:
    """Return an error text or a name with the catalog's name as the user knows it."""
    if "REQUIRES_SINGLE_PART_NAMESPACE" in text:
        return _unknown_catalog(text)
    if _NO_DEFINITION in text:
        return str(UnsupportedError("SHOW CREATE TABLE of a Delta table"))
    return _user_names(text)


def result_from_spark(sql: str) -> Callable[[str], str]:
    """Return what makes a text in the result of `sql` one for the user: only names are changed, no data."""
    tokens = tokens_of(sql)
    if word(tokens, 0) in _TELLING:
        return _user_names
    if any(word(tokens, index) == "CURRENT_CATALOG" for index in range(len(tokens))):
        return _user_catalog
    return str


def _user_names(text: str) -> str:
    return text.replace(SPARK_CATALOG, CATALOG)


def _user_catalog(text: str) -> str:
    return CATALOG if text == SPARK_CATALOG else text


def _identifier_value(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return SPARK_CATALOG if value.lower() == CATALOG else name_to_spark(value)


def _unknown_catalog(text: str) -> str:
    """Spark says that a second name part is too many where Databricks says that the catalog does not exist."""
    named = text.partition("`")[2].partition("`")[0]
    return (
        f"[NO_SUCH_CATALOG_EXCEPTION] Catalog '{named}' was not found. Please verify the catalog name and "
        "then retry the query or command again. SQLSTATE: 42704"
    )


def _is_catalog(tokens: Sequence[Token], index: int) -> bool:
    named = tokens[index].token_type != TokenType.STRING and tokens[index].text.lower() == CATALOG
    return named and word(tokens, index - 1) not in (".", ":")


def _parts(tokens: Sequence[Token], index: int) -> int:
    count = 1
    while word(tokens, index + 2 * count - 1) == "." and index + 2 * count < len(tokens):
        count += 1
    return count


def _catalog_spans(tokens: Sequence[Token]) -> Iterator[Span]:
    show = word(tokens, 0) == "SHOW"
    for index, token in enumerate(tokens):
        if _is_catalog(tokens, index) and _names_catalog(tokens, index, show=show):
            yield Span(token.start, token.end + 1, SPARK_CATALOG)
    if words(tokens, 0, 2) in (("USE", "CATALOG"), ("SET", "CATALOG")) and len(tokens) > 2:
        name = SPARK_CATALOG if tokens[2].text.lower() == CATALOG else tokens[2].text
        yield Span(tokens[0].start, tokens[2].end + 1, f"SET CATALOG {quoted(name)}")
    for index in _within_identifier(tokens):
        if tokens[index].token_type == TokenType.STRING:
            yield Span(tokens[index].start, tokens[index].end + 1, quoted(_identifier_value(tokens[index].text)))


def _names_catalog(tokens: Sequence[Token], index: int, *, show: bool) -> bool:
    before, parts = word(tokens, index - 1), _parts(tokens, index)
    if parts == 1:
        return before == "CATALOG" or (show and before in ("IN", "FROM") and word(tokens, 1) != "TABLES")
    return parts > 2 or before in _SCHEMA_WORDS or (show and before in ("IN", "FROM"))


def _within_identifier(tokens: Sequence[Token]) -> Iterator[int]:
    depth = 0
    for index in range(len(tokens)):
        if depth == 0 and words(tokens, index - 1, 2) == ("IDENTIFIER", "("):
            depth = 1
        elif depth:
            depth += {"(": 1, ")": -1}.get(word(tokens, index), 0)
            yield index


def _cluster_by_auto(tokens: Sequence[Token]) -> Iterator[Span]:
    for index in range(len(tokens)):
        if words(tokens, index, 3) == ("CLUSTER", "BY", "AUTO"):
            yield Span(tokens[index].start, tokens[index + 2].end + 1, "")


def _constraints(sql: str, tokens: Sequence[Token]) -> Iterator[Span]:
    if words(tokens, 0, 2) == ("ALTER", "TABLE"):
        yield from _added_key(sql, tokens)
    elif word(tokens, 0) == "CREATE" and "TABLE" in words(tokens, 1, 4):
        for index in range(len(tokens)):
            if words(tokens, index, 2) in (("PRIMARY", "KEY"), ("FOREIGN", "KEY")):
                yield _key_span(tokens, index)


def _added_key(sql: str, tokens: Sequence[Token]) -> Iterator[Span]:
    for index in range(len(tokens)):
        found = words(tokens, index, 5)
        if found[:2] == ("ADD", "CONSTRAINT") and found[4] == "KEY":
            name = tokens[index + 2].text
            text = sql[tokens[index + 3].start : tokens[-1].end + 1]
            new = f"SET TBLPROPERTIES ({quoted(f'sandbox.constraint.{name}')} = {quoted(text)})"
            yield Span(tokens[index].start, tokens[-1].end + 1, new)


def _key_span(tokens: Sequence[Token], index: int) -> Span:
    """A key is an element of its own, which goes with its comma, or the end of a column's definition."""
    first = index - 2 if word(tokens, index - 2) == "CONSTRAINT" else index
    last = _key_end(tokens, index + 1)
    if word(tokens, first - 1) == ",":
        return Span(tokens[first - 1].start, tokens[last].end + 1, "")
    if word(tokens, first - 1) == "(" and word(tokens, last + 1) == ",":
        last += 1
    return Span(tokens[first].start, tokens[last].end + 1, "")


def _key_end(tokens: Sequence[Token], last: int) -> int:
    """Return the index of the key's last token: its column lists, REFERENCES and characteristics."""
    depth = 0
    for index in range(last + 1, len(tokens)):
        current = word(tokens, index)
        if depth == 0 and current != "(" and not _belongs_to_key(tokens, index):
            return index - 1
        depth += {"(": 1, ")": -1}.get(current, 0)
    return len(tokens) - 1


def _belongs_to_key(tokens: Sequence[Token], index: int) -> bool:
    around = (word(tokens, index), word(tokens, index - 1))
    in_name = around[1] in ("REFERENCES", ".") or around[0] == "."
    return in_name or around[0] == "REFERENCES" or around[0] in _KEY_TAIL or around[1] == "ON"
