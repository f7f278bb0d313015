"""Spark Connect as user code expects it on Databricks: every way in and out passes the rewrite layer."""

from __future__ import annotations

import datetime as dt
import functools
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pyspark.errors.exceptions import connect as connect_errors
from pyspark.errors.exceptions.base import PySparkException
from pyspark.sql.connect import catalog, readwriter, session
from pyspark.sql.connect.client import core

from sandbox.spark import rewrite
from sandbox.spark.errors import UnsupportedError
from sandbox.spark.sqltext import quoted

_SESSION_METHODS = ("table",)
_READER_METHODS = ("table",)
_WRITER_METHODS = ("saveAsTable", "insertInto")
_CATALOG_METHODS = (
    *("getTable", "functionExists", "getFunction", "listColumns", "tableExists", "createTable", "isCached"),
    *("cacheTable", "uncacheTable", "refreshTable", "dropTable", "dropView", "truncateTable"),
)
_SCHEMA_METHODS = (
    "setCurrentDatabase",
    "getDatabase",
    "databaseExists",
    "listTables",
    "createDatabase",
    "dropDatabase",
)


def connect(remote: str) -> Any:
    """Open the task's session; `SparkSession.builder.getOrCreate()` in user code finds the same one."""
    os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"
    os.environ["SPARK_REMOTE"] = remote
    _patch()
    return session.SparkSession.builder.remote(remote).getOrCreate()


def run_sql(spark: Any, statement: str, values: Mapping[str, Any] | Sequence[Any] = ()) -> Any:
    """Run one statement, with named or positional parameters, and return its DataFrame."""
    return spark.sql(statement, args=values or None)


def _patch() -> None:
    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):  # a whole stack trace a line, in user output
        logging.getLogger(name).disabled = True
    session.SparkSession.sql = _sql(session.SparkSession.sql)
    _wrap_names(session.SparkSession, _SESSION_METHODS)
    _wrap_names(readwriter.DataFrameReader, _READER_METHODS)
    _wrap_names(readwriter.DataFrameWriter, _WRITER_METHODS)
    _wrap_names(readwriter.DataFrameWriterV2, ("__init__",), position=1)
    _wrap_names(catalog.Catalog, _CATALOG_METHODS)
    _wrap_names(catalog.Catalog, _SCHEMA_METHODS, parts=2)
    _wrap_names(catalog.Catalog, ("setCurrentCatalog",), parts=1)
    catalog.Catalog.currentCatalog = _with_user_names(catalog.Catalog.currentCatalog)
    core.convert_exception = _with_user_errors(connect_errors.convert_exception)


def _sql(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def sql(self: Any, sqlQuery: str, args: Any = None, **kwargs: Any) -> Any:  # noqa: N803 - Spark's own name
        statement = rewrite.to_spark(sqlQuery)
        if not args:
            return original(self, statement, **kwargs)
        return original(self, _bound(statement, args), **kwargs)

    return sql


def _bound(statement: str, args: Mapping[str, Any] | Sequence[Any]) -> str:
    """Delta's parser loses parameters, those of EXECUTE IMMEDIATE it keeps."""
    if isinstance(args, Mapping):
        values = rewrite.parameters_to_spark(statement, args)
        using = ", ".join(f"{_literal(value)} AS {name}" for name, value in values.items())
    else:
        using = ", ".join(_literal(value) for value in args)
    return f"EXECUTE IMMEDIATE {quoted(statement)} USING {using}"


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int):
        return str(value).upper()
    if isinstance(value, float):
        return f"CAST('{value!r}' AS DOUBLE)"
    if isinstance(value, str):
        return quoted(value)
    return _typed_literal(value)


def _typed_literal(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}BD"
    if isinstance(value, dt.datetime):
        return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
    if isinstance(value, dt.date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, list | tuple):
        return f"array({', '.join(_literal(one) for one in value)})"
    raise UnsupportedError(f"SQL parameter of type {type(value).__name__}")


def _wrap_names(owner: type, methods: Sequence[str], position: int = 0, parts: int = 3) -> None:
    """Let methods take the user's names: `parts` is how many parts a name with its catalog has."""
    for method in methods:
        setattr(owner, method, _with_spark_names(getattr(owner, method), position, parts))


def _with_spark_names(original: Callable[..., Any], position: int, parts: int) -> Callable[..., Any]:
    @functools.wraps(original)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        taken = (position, position + 1)
        names = [_spark_name(arg, parts) if index in taken else arg for index, arg in enumerate(args)]
        return original(self, *names, **{key: _spark_name(value, parts) for key, value in kwargs.items()})

    return method


def _spark_name(value: Any, parts: int) -> Any:
    if not isinstance(value, str):
        return value
    head, *tail = value.split(".")
    is_ours = len(tail) == parts - 1 and head.strip("`") == rewrite.CATALOG
    return ".".join([rewrite.SPARK_CATALOG, *tail]) if is_ours else value


def _with_user_names(original: Callable[..., str]) -> Callable[..., str]:
    @functools.wraps(original)
    def method(self: Any) -> str:
        return rewrite.from_spark(original(self))

    return method


def _with_user_errors(original: Callable[..., PySparkException]) -> Callable[..., PySparkException]:
    @functools.wraps(original)
    def convert(*args: Any, **kwargs: Any) -> PySparkException:
        error = original(*args, **kwargs)
        error._message = rewrite.from_spark(str(error._message))  # noqa: SLF001 - the one text that str() shows
        if "[NO_SUCH_CATALOG_EXCEPTION]" in error._message:  # noqa: SLF001 - as above
            error._errorClass, error._sql_state = "NO_SUCH_CATALOG_EXCEPTION", "42704"  # noqa: SLF001 - as above
        return error

    return convert
