"""Spark Connect as user code expects it on Databricks: every way in and out passes the rewrite layer."""

from __future__ import annotations

import datetime as dt
import functools
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from pyspark.errors.exceptions import connect as connect_errors
from pyspark.errors.exceptions.base import PySparkException
from pyspark.sql.connect import catalog, readwriter, session
from pyspark.sql.connect.client import core

from sandbox.layout import USER_NAME
from sandbox.metastore import Metastore
from sandbox.spark import rewrite
from sandbox.spark.errors import UnsupportedError
from sandbox.spark.rewrite.telling import columns_of
from sandbox.spark.sqltext import quoted

_SESSION_METHODS = ("table",)
_READER_METHODS = ("table",)
_WRITER_METHODS = ("saveAsTable", "insertInto")
_CATALOG_METHODS = (
    *("getTable", "functionExists", "getFunction", "listColumns", "tableExists", "createTable", "isCached"),
    *("cacheTable", "uncacheTable", "refreshTable", "dropTable", "dropView", "truncateTable"),
)
_NAMES = ("tableName", "dbName", "databaseName", "functionName", "name", "viewName")
"""Keywords of these methods that carry a name."""
_SCHEMA_METHODS = (
    "getDatabase",
    "databaseExists",
    "listTables",
    "createDatabase",
    "dropDatabase",
)


def connect(job: Mapping[str, Any]) -> Any:
    """Open the session of a job; `SparkSession.builder.getOrCreate()` in user code finds the same one.

    Args:
        job: `remote` is Spark's address; `state_dir`, `user` and `workspace_root` say for whom and where it works.
    """
    os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"
    os.environ["SPARK_REMOTE"] = job["remote"]
    plain_sql = session.SparkSession.sql
    plain_table = session.SparkSession.table
    _patch()
    spark = session.SparkSession.builder.remote(job["remote"]).getOrCreate()
    state_dir, root = job.get("state_dir"), job.get("workspace_root")
    rewrite.set_current(
        rewrite.Session(
            metastore=Metastore(Path(state_dir, "metastore.sqlite") if state_dir else None),
            user=job.get("user") or USER_NAME,
            state_dir=Path(state_dir) if state_dir else None,
            workspace_root=Path(root) if root else None,
            ask=lambda statement: list(plain_sql(spark, statement).collect()),
            fields=lambda table: list(plain_table(spark, table).schema.fields),
        )
    )
    return spark


def run_sql(spark: Any, statement: str, values: Mapping[str, Any] | Sequence[Any] = ()) -> Any:
    """Run one statement, with named or positional parameters, and return its DataFrame."""
    return spark.sql(statement, args=values or None)


def _patch() -> None:
    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger", "sqlglot"):  # lines in user output
        logging.getLogger(name).disabled = True
    session.SparkSession.sql = _sql(session.SparkSession.sql)
    _wrap_names(session.SparkSession, _SESSION_METHODS, needs="SELECT")
    _wrap_names(readwriter.DataFrameReader, _READER_METHODS, needs="SELECT")
    _wrap_names(readwriter.DataFrameWriter, _WRITER_METHODS, needs="MODIFY")
    _wrap_names(readwriter.DataFrameWriterV2, ("__init__",), position=1, needs="MODIFY")
    _wrap_names(catalog.Catalog, _CATALOG_METHODS)
    _wrap_names(catalog.Catalog, _SCHEMA_METHODS, to_spark=rewrite.schema_to_spark)
    _follow_use()
    core.convert_exception = _with_user_errors(connect_errors.convert_exception)


def _sql(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def sql(self: Any, sqlQuery: str, args: Any = None, **kwargs: Any) -> Any:  # noqa: N803 - Spark's own name
        plan = rewrite.plan(sqlQuery, args=args)
        frame = original(self, _bound(plan.text, plan.args) if plan.args else plan.text, **kwargs)
        for step in plan.after:
            step()
        if plan.shown is None:
            return frame
        rows = plan.shown(list(frame.collect()))
        return original(self, rewrite.relation_of(rows, columns_of(frame.schema.fields)))

    return sql


def _bound(statement: str, args: Mapping[str, Any] | Sequence[Any]) -> str:
    """Delta's parser loses parameters, those of EXECUTE IMMEDIATE it keeps."""
    if isinstance(args, Mapping):
        using = ", ".join(f"{_literal(value)} AS {name}" for name, value in args.items())
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


def _wrap_names(
    owner: type,
    methods: Sequence[str],
    position: int = 0,
    to_spark: Callable[[str], str] = rewrite.name_to_spark,
    needs: str = "",
) -> None:
    """Let methods take the user's names, at `position` or by keyword; `needs` is the privilege on what is named."""
    for method in methods:
        setattr(owner, method, _with_spark_names(getattr(owner, method), position, to_spark, needs))


def _with_spark_names(
    original: Callable[..., Any], position: int, to_spark: Callable[[str], str], needs: str
) -> Callable[..., Any]:
    def named(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if needs:
            rewrite.access.check_name(value, needs, rewrite.current())
        return to_spark(value)

    @functools.wraps(original)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        names = [named(arg) if index == position else arg for index, arg in enumerate(args)]
        keywords = {key: named(value) if key in _NAMES else value for key, value in kwargs.items()}
        result = original(self, *names, **keywords)
        if needs == "MODIFY" and names and isinstance(args[position], str):
            rewrite.effects.made_by_name(args[position], rewrite.current())
        return result

    return method


def _follow_use() -> None:
    """What asks for the session's catalog and schema, or changes them, goes the way of USE."""

    def use(statement: str) -> Callable[..., None]:
        def method(self: Any, name: str) -> None:
            self._sparkSession.sql(
                f"{statement} {name if '`' in name else '.'.join(f'`{x}`' for x in name.split('.'))}"
            )

        return method

    catalog.Catalog.setCurrentCatalog = use("USE CATALOG")
    catalog.Catalog.setCurrentDatabase = use("USE SCHEMA")
    catalog.Catalog.currentCatalog = lambda _self: rewrite.current().catalog
    catalog.Catalog.currentDatabase = lambda _self: rewrite.current().schema


def _with_user_errors(original: Callable[..., PySparkException]) -> Callable[..., PySparkException]:
    @functools.wraps(original)
    def convert(*args: Any, **kwargs: Any) -> PySparkException:
        error = original(*args, **kwargs)
        error._message = rewrite.from_spark(str(error._message))  # noqa: SLF001 - the one text that str() shows
        if "[NO_SUCH_CATALOG_EXCEPTION]" in error._message:  # noqa: SLF001 - as above
            error._errorClass, error._sql_state = "NO_SUCH_CATALOG_EXCEPTION", "42704"  # noqa: SLF001 - as above
        return error

    return convert
