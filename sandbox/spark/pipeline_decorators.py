"""What Databricks' `dlt` and `pyspark.pipelines` have beyond open-source pipelines: expectations and older names."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from pyspark import pipelines

from sandbox.spark.errors import UnsupportedError
from sandbox.spark.pipeline_expectations import Action, Expectation, is_streaming

_ATTRIBUTE = "_sandbox_expectations"
_IGNORED = ("cluster_by_auto", "private", "refresh_policy")
"""Arguments that change speed or visibility on Databricks, and no row of a table."""
_REFUSED = ("path", "row_filter", "temporary")
_ACTIONS: Mapping[str, Action] = {"expect": "warn", "expect_or_drop": "drop", "expect_or_fail": "fail"}


def expectations_of(query: Callable[[], Any]) -> tuple[Expectation, ...]:
    """Return the expectations that decorators put on a query function."""
    return tuple(getattr(query, _ATTRIBUTE, ()))


def with_expectations(query: Callable[[], Any], added: Sequence[Expectation]) -> Callable[[], Any]:
    """Put expectations on a query function, before those it has."""
    setattr(query, _ATTRIBUTE, (*added, *expectations_of(query)))
    return query


@contextmanager
def installed(spark: Any) -> Iterator[None]:
    """Let `from pyspark import pipelines` and `import dlt` find Databricks' decorators."""
    names = {name: _expectation(action) for name, action in _ACTIONS.items()}
    names |= {name.replace("expect", "expect_all"): _expectations(action) for name, action in _ACTIONS.items()}
    names |= {name: _tolerant(getattr(pipelines, name)) for name in ("table", "materialized_view")}
    names["view"] = pipelines.temporary_view
    dlt = ModuleType("dlt")
    for name in pipelines.__all__:
        setattr(dlt, name, getattr(pipelines, name))
    before = {name: getattr(pipelines, name) for name in names if hasattr(pipelines, name)}
    for name, value in names.items():
        setattr(pipelines, name, value)
        setattr(dlt, name, value)
    vars(dlt)["table"] = _either(names["table"], names["materialized_view"])
    vars(dlt)["read"] = spark.table
    vars(dlt)["read_stream"] = spark.readStream.table
    sys.modules["dlt"] = dlt
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(pipelines, name, value)


def _expectation(action: Action) -> Callable[..., Any]:
    def expect(name: str, inv: str) -> Callable[[Any], Any]:
        return _mark([Expectation(name, str(inv), action)])

    return expect


def _expectations(action: Action) -> Callable[..., Any]:
    def expect_all(expectations: Mapping[str, str]) -> Callable[[Any], Any]:
        return _mark([Expectation(name, str(inv), action) for name, inv in expectations.items()])

    return expect_all


def _mark(added: list[Expectation]) -> Callable[[Any], Any]:
    def decorate(query: Any) -> Any:
        if not callable(query):
            raise TypeError("An expectation decorates the query function: put it below the table's decorator.")
        return with_expectations(query, added)

    return decorate


def _tolerant(original: Callable[..., Any]) -> Callable[..., Any]:
    """Accept Databricks' further arguments: leave out what changes no row, refuse the rest by name."""

    @functools.wraps(original)
    def decorator(query_function: Any = None, **arguments: Any) -> Any:
        refused = [name for name in _REFUSED if arguments.get(name)]
        if refused:
            raise UnsupportedError(f"{refused[0]} of a pipeline's {original.__name__}")
        kept = {key: value for key, value in arguments.items() if key not in (*_IGNORED, *_REFUSED)}
        return original(query_function, **kept) if query_function is not None else original(**kept)

    return decorator


def _either(table: Callable[..., Any], view: Callable[..., Any]) -> Callable[..., Any]:
    """`dlt.table` makes a streaming table of a query that reads a stream, else a materialized view."""

    def decorator(query_function: Any = None, **arguments: Any) -> Any:
        def decorate(query: Any) -> Any:
            chosen = table if is_streaming(query()) else view
            return chosen(**arguments)(query)

        return decorate(query_function) if query_function is not None else decorate

    return decorator
