"""SQL sources of pipelines: Databricks' definitions as open-source pipelines understand them.

Values of the configuration stand for `${key}`; OR REFRESH, PRIVATE and CLUSTER BY AUTO are left out;
CONSTRAINT … EXPECT leaves the text and comes out as data. A streaming table with expectations loses its query too:
the query is then registered as a flow that checks them. The queries pass the rewrite layer that all SQL passes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import Token, TokenType

from sandbox.spark import rewrite
from sandbox.spark.pipeline_expectations import Action, Expectation, sql_filter
from sandbox.spark.sqltext import Span, replace, tokens_of, word, words

_VARIABLE = re.compile(r"\$\{([\w.]+)\}")


@dataclass(frozen=True)
class Dataset:
    """A table or view that a SQL source defines."""

    name: str
    line: int
    query: str
    expectations: tuple[Expectation, ...]
    streaming: bool


@dataclass(frozen=True)
class SqlSource:
    """What is registered for one file."""

    text: str
    datasets: tuple[Dataset, ...]


def translate(text: str, configuration: Mapping[str, str]) -> SqlSource:
    """Return a SQL source of Databricks in Spark's form.

    Raises:
        UnsupportedError: nothing here can run it.
    """
    text = _VARIABLE.sub(lambda found: configuration.get(found[1], found[0]), text)
    statements, datasets = [], []
    for tokens in _statements(tokens_of(text)):
        head = _head_length(tokens)
        if head is None:
            statements.append(rewrite.to_spark(text[tokens[0].start : tokens[-1].end + 1]))
            continue
        dataset, statement = _dataset(text, tokens, head)
        datasets.append(dataset)
        statements.append(statement)
    return SqlSource(";\n".join(statements) if statements else text, tuple(datasets))


def _statements(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    current: list[Token] = []
    for token in tokens:
        if token.token_type != TokenType.SEMICOLON:
            current.append(token)
        elif current:
            yield current
            current = []
    if current:
        yield current


def _head_length(tokens: Sequence[Token]) -> int | None:
    """Return the index of the dataset's name, None for other statements."""
    index = 1
    while word(tokens, index) in ("OR", "REFRESH", "REPLACE", "PRIVATE"):
        index += 1
    if word(tokens, 0) != "CREATE" or words(tokens, index, 2) not in (("STREAMING", "TABLE"), ("MATERIALIZED", "VIEW")):
        return None
    index += 2
    return index + 3 if words(tokens, index, 3) == ("IF", "NOT", "EXISTS") else index


def _dataset(text: str, tokens: Sequence[Token], name_at: int) -> tuple[Dataset, str]:
    name_end = name_at
    while word(tokens, name_end + 1) == ".":
        name_end += 2
    name = text[tokens[name_at].start : tokens[name_end].end + 1]
    as_at = _query_start(tokens, name_end + 1)
    query = rewrite.to_spark(text[tokens[as_at].end + 1 : tokens[-1].end + 1].strip()) if as_at else ""
    expectations, spans = _expectations(text, tokens[name_end + 1 : as_at])
    middle = _text(text, tokens, name_end + 1, as_at, spans)
    streaming = any(word(tokens, index) == "STREAMING" for index in range(name_at))
    dataset = Dataset(name, tokens[0].line, query, expectations, streaming)
    kind = "STREAMING TABLE" if streaming else "MATERIALIZED VIEW"
    return dataset, f"CREATE {kind} {rewrite.name_to_spark(name)} {middle}{_as_query(dataset)}".rstrip()


def _as_query(dataset: Dataset) -> str:
    if not dataset.query or (dataset.streaming and dataset.expectations):
        return ""
    if dataset.expectations:
        kept = sql_filter(dataset.expectations)
        return f" AS SELECT * FROM ({dataset.query}) WHERE {kept}"  # noqa: S608 - the pipeline's own SQL
    return f" AS {dataset.query}"


def _query_start(tokens: Sequence[Token], start: int) -> int | None:
    depth = 0
    for index in range(start, len(tokens)):
        depth += {"(": 1, ")": -1}.get(word(tokens, index), 0)
        if depth == 0 and word(tokens, index) == "AS":
            return index
    return None


def _text(text: str, tokens: Sequence[Token], start: int, end: int | None, spans: Sequence[Span]) -> str:
    """Return the text from token `start` up to token `end` with `spans` replaced."""
    part = tokens[start:end]
    if not part:
        return ""
    first = part[0].start
    moved = [Span(span.start - first, span.end - first, span.new) for span in [*spans, *_cluster_by_auto(part)]]
    shortened = replace(text[first : part[-1].end + 1], moved)
    return re.sub(r"^\(\s*\)", "", shortened).strip()


def _cluster_by_auto(tokens: Sequence[Token]) -> Iterator[Span]:
    for index in range(len(tokens)):
        if words(tokens, index, 3) == ("CLUSTER", "BY", "AUTO"):
            yield Span(tokens[index].start, tokens[index + 2].end + 1, "")


def _expectations(text: str, tokens: Sequence[Token]) -> tuple[tuple[Expectation, ...], list[Span]]:
    found: list[Expectation] = []
    spans: list[Span] = []
    for index in range(len(tokens)):
        if word(tokens, index) == "CONSTRAINT" and word(tokens, index + 2) == "EXPECT":
            end = _closing(tokens, index + 3)
            condition = text[tokens[index + 3].end + 1 : tokens[end].start].strip()
            action, last = _action(tokens, end)
            found.append(Expectation(tokens[index + 1].text, condition, action))
            spans.append(_element(tokens, index, last, spans[-1].end if spans else 0))
    return tuple(found), spans


def _closing(tokens: Sequence[Token], opening: int) -> int:
    depth = 0
    for index in range(opening, len(tokens)):
        depth += {"(": 1, ")": -1}.get(word(tokens, index), 0)
        if depth == 0:
            return index
    return len(tokens) - 1


def _action(tokens: Sequence[Token], end: int) -> tuple[Action, int]:
    if words(tokens, end + 1, 4) == ("ON", "VIOLATION", "DROP", "ROW"):
        return "drop", end + 4
    if words(tokens, end + 1, 4) == ("ON", "VIOLATION", "FAIL", "UPDATE"):
        return "fail", end + 4
    return "warn", end


def _element(tokens: Sequence[Token], first: int, last: int, taken: int) -> Span:
    """Take an element out of a list, with the comma behind it or else the one before it; text up to `taken` is gone."""
    if word(tokens, last + 1) == ",":
        return Span(tokens[first].start, tokens[last + 1].end + 1, "")
    if word(tokens, first - 1) == "," and tokens[first - 1].start >= taken:
        return Span(tokens[first - 1].start, tokens[last].end + 1, "")
    return Span(tokens[first].start, tokens[last].end + 1, "")
