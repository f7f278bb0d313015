"""What a statement is rewritten for: whose session it is, its catalog and schema, and what is asked of the engine."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyspark.errors.exceptions.base import AnalysisException

from sandbox.layout import USER_NAME
from sandbox.metastore import MAIN, Kind, Metastore
from sandbox.spark.errors import EngineError
from sandbox.spark.sqltext import quoted

NOTHING = "DROP TEMPORARY VARIABLE IF EXISTS sandbox_nothing"
"""A statement of Spark that does nothing and returns nothing."""


class StatementError(AnalysisException):  # type: ignore[misc]  # pyspark is not followed by mypy
    """A refusal in Databricks' words, with class and SQLSTATE as Spark's own errors have them."""

    def __init__(self, error_class: str, text: str, sql_state: str) -> None:
        super().__init__(f"{text} SQLSTATE: {sql_state}")  # str() puts the class before it
        self._class, self._state = error_class, sql_state

    def getCondition(self) -> str:  # noqa: N802 - pyspark's name
        """Error class."""
        return self._class

    getErrorClass = getCondition  # noqa: N815 - pyspark's older name

    def getSqlState(self) -> str:  # noqa: N802 - pyspark's name
        """SQLSTATE."""
        return self._state


StatementError.__name__ = "AnalysisException"  # as traces of notebooks name it


def _no_engine(question: str) -> list[Any]:
    raise EngineError(f"there is no engine to ask: {question}")


@dataclass
class Session:
    """One session; it follows USE."""

    metastore: Metastore = field(default_factory=Metastore)
    user: str = USER_NAME
    state_dir: Path | None = None
    """The sandbox's state folder: volumes, and the control plane's database for what system tables show."""
    workspace_root: Path | None = None
    catalog: str = MAIN
    schema: str = "default"
    ask: Callable[[str], list[Any]] = _no_engine
    """Runs one statement of Spark as it stands and returns its rows."""
    fields: Callable[[str], list[Any]] = _no_engine
    """Columns of a table or view by Spark's name for it, as fields of Spark's schema."""

    @property
    def administrates(self) -> bool:
        """Whether the user may do everything."""
        return self.user == USER_NAME

    def catalogs(self) -> set[str]:
        """Names of all catalogs."""
        return {one.name for one in self.metastore.securables("CATALOG")}

    def full(self, kind: Kind, parts: Sequence[str]) -> str:
        """Return the full name of an object, completed by the session's catalog and schema."""
        given = [part.lower() for part in parts]
        wanted = {"CATALOG": 1, "SCHEMA": 2}.get(kind, 3)
        defaults = [self.catalog, self.schema][: max(0, wanted - len(given))]
        return ".".join([*defaults, *given][-wanted:])


@dataclass(frozen=True)
class Plan:
    """What Spark is given for a statement, and what happens around it."""

    text: str
    args: Any = None
    """Named or positional parameters that are left to bind."""
    shown: Callable[[list[Any]], list[dict[str, Any]]] | None = None
    """Makes the rows that Spark answers into those that the user gets; None: they are the same."""
    columns: str = ""
    """Columns of those rows, as in CREATE TABLE."""
    after: tuple[Callable[[], object], ...] = ()
    """What is done once Spark has accepted the statement."""


def relation(rows: Iterable[Mapping[str, Any]], columns: str) -> str:
    """Return a query for rows that are known already; `columns` as in `name position:INT`, text if no type stands."""
    named = (column.partition(":") for column in columns.split())
    return relation_of(rows, ((name, kind or "STRING") for name, _, kind in named))


def relation_of(rows: Iterable[Mapping[str, Any]], columns: Iterable[tuple[str, str]]) -> str:
    """Return a query for rows that are known already; `columns` are names and types."""
    fields = ",".join(f"`{name}`:{kind}" for name, kind in columns)
    text = json.dumps(list(rows), default=_json, separators=(",", ":"))
    literal = quoted(text).replace("$", "\\u0024")  # no `${…}` that Spark would substitute
    return f"SELECT inline(from_json({literal}, 'array<struct<{fields}>>'))"


def answer(rows: Iterable[Mapping[str, Any]], columns: str) -> Plan:
    """Return a plan that needs no engine but to pass rows on."""
    return Plan(relation(rows, columns))


def _json(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.isoformat() + ("" if value.tzinfo else "Z")
    return str(value)
