"""What there is in the engine: schemas, tables and views, columns, functions, under the user's names."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from sandbox import privileges
from sandbox.metastore import Kind
from sandbox.spark.rewrite import names
from sandbox.spark.rewrite.session import Session

_FACT = re.compile(r"^([A-Z][A-Za-z ]+): ?(.*)$")
_READERS = 4
_CLOCK = "%a %b %d %H:%M:%S %Z %Y"


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table or view."""

    catalog: str
    schema: str
    name: str
    type: str
    comment: str | None
    format: str
    created: dt.datetime
    altered: dt.datetime
    location: str | None
    definition: str | None
    """Text of a view."""
    clustering: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        """Name of three parts."""
        return f"{self.catalog}.{self.schema}.{self.name}"


@dataclass(frozen=True, kw_only=True)
class Function:
    """A function of SQL; parameters and returned columns as (name, type, default, comment)."""

    catalog: str
    schema: str
    name: str
    table_valued: bool
    parameters: tuple[tuple[str, str, str | None, str | None], ...]
    returns: tuple[tuple[str, str, str | None, str | None], ...]
    comment: str | None
    body: str
    created: dt.datetime

    @property
    def full_name(self) -> str:
        """Name of three parts."""
        return f"{self.catalog}.{self.schema}.{self.name}"


class Lakehouse:
    """Reads the engine's catalog; only what the session's user may see."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def sees(self, kind: Kind, name: str) -> bool:
        """Whether the user may know of an object."""
        return privileges.sees(self._session.metastore, self._session.user, kind, name)

    def schemas(self, catalogs: Iterable[str], wanted: set[str] | None = None) -> Iterator[tuple[str, str]]:
        """Catalog and name of schemas; `wanted` narrows them by name."""
        known = set(catalogs)
        for row in self._session.ask(f"SHOW SCHEMAS IN {names.SPARK_CATALOG}"):
            catalog, schema = names.schema_from_spark(row[0])
            chosen = catalog in known and (wanted is None or schema in wanted)
            if chosen and self.sees("SCHEMA", f"{catalog}.{schema}"):
                yield catalog, schema

    def schema_facts(self, catalog: str, schema: str) -> dict[str, str]:
        """What the engine tells about a schema."""
        spark = names.schema_to_spark(catalog, schema)
        rows = self._session.ask(f"DESCRIBE SCHEMA EXTENDED {names.SPARK_CATALOG}.`{spark}`")
        return {row[0]: row[1] for row in rows}

    def tables(self, catalog: str, schema: str, wanted: set[str] | None = None) -> list[Table]:
        """Tables and views of a schema; `wanted` narrows them by name."""
        spark = names.schema_to_spark(catalog, schema)
        rows = self._session.ask(f"SHOW TABLE EXTENDED IN {names.SPARK_CATALOG}.`{spark}` LIKE '*'")
        found = [_table(catalog, schema, row[1], row[3]) for row in rows if not row[2]]
        return [
            one for one in found
            if (wanted is None or one.name in wanted) and self.sees("TABLE", one.full_name)
        ]  # fmt: skip

    def columns(self, tables: list[Table]) -> list[list[Any]]:
        """Fields of Spark's schemas of several tables; a view that cannot be resolved any more has none."""
        with ThreadPoolExecutor(_READERS) as pool:
            return list(pool.map(self._fields, tables))

    def functions(self, catalog: str, schema: str) -> list[Function]:
        """Functions of a schema."""
        spark = names.schema_to_spark(catalog, schema)
        prefix = f"{names.SPARK_CATALOG}.{spark}."
        rows = self._session.ask(f"SHOW USER FUNCTIONS IN {names.SPARK_CATALOG}.`{spark}`")
        own = [row[0].removeprefix(prefix) for row in rows if row[0].startswith(prefix)]
        return [
            self.function(catalog, schema, name)
            for name in own if self.sees("FUNCTION", f"{catalog}.{schema}.{name}")
        ]  # fmt: skip

    def function(self, catalog: str, schema: str, name: str) -> Function:
        """One function."""
        spark = names.schema_to_spark(catalog, schema)
        rows = self._session.ask(f"DESCRIBE FUNCTION EXTENDED {names.SPARK_CATALOG}.`{spark}`.`{name}`")
        return _function(catalog, schema, name, [row[0] for row in rows])

    def _fields(self, table: Table) -> list[Any]:
        spark = names.to_spark([table.catalog, table.schema, table.name], self._session)
        try:
            return self._session.fields(spark)
        except Exception:
            if table.type in ("VIEW", "METRIC_VIEW"):
                return []
            raise


def _table(catalog: str, schema: str, name: str, information: str) -> Table:
    facts: dict[str, str] = {}
    for line in information.partition("\nSchema: root")[0].splitlines():
        found = _FACT.match(line)
        if found:
            facts.setdefault(found[1], found[2])
    created = _clock(facts.get("Created Time", ""))
    changed = re.search(r"delta\.lastCommitTimestamp=(\d+)", facts.get("Table Properties", ""))
    clustering = re.search(r"clusteringColumns=\[(.*?)\]\]?[,\]]", facts.get("Table Properties", ""))
    kind = facts.get("Type", "MANAGED")
    return Table(
        catalog=catalog,
        schema=schema,
        name=name,
        type=kind,
        comment=_between(
            information, "Comment", ("View Text", "Collation", "Table Properties", "Location", "Language")
        ),
        format=facts.get("Provider", "").upper() or ("UNKNOWN_DATA_SOURCE_FORMAT" if "VIEW" in kind else "DELTA"),
        created=created,
        altered=dt.datetime.fromtimestamp(int(changed[1]) / 1000, dt.UTC) if changed else created,
        location=facts.get("Location"),
        definition=_between(information, "View Text", ("View Original Text", "Language")),
        clustering=tuple(re.findall(r'"(\w+)"', clustering[1])) if clustering else (),
    )


def _between(information: str, key: str, ends: tuple[str, ...]) -> str | None:
    """Value of a fact that may have several lines."""
    _, found, rest = information.partition(f"\n{key}: ")
    if not found:
        return None
    stops = [at for at in (rest.find(f"\n{end}: ") for end in ends) if at >= 0]
    return names.from_spark(rest[: min(stops)] if stops else rest.splitlines()[0])


def _clock(text: str) -> dt.datetime:
    return dt.datetime.strptime(text, _CLOCK).replace(tzinfo=dt.UTC) if text else dt.datetime.now(dt.UTC)


def _function(catalog: str, schema: str, name: str, lines: list[str]) -> Function:
    parts: dict[str, list[str]] = {}
    key = ""
    for line in "\n".join(lines).splitlines():
        found = re.match(r"^([A-Z][\w ]+?): +(.*)$", line) if key != "Body" else None
        key = found[1] if found else key
        parts.setdefault(key, []).append(found[2] if found else line.strip() if key != "Body" else line)
    single = {one: "\n".join(values) for one, values in parts.items()}
    valued = single.get("Type") == "TABLE"
    returns = parts.get("Returns", [])
    return Function(
        catalog=catalog,
        schema=schema,
        name=name,
        table_valued=valued,
        parameters=tuple(_parameter(one) for one in parts.get("Input", []) if one and one != "()"),
        returns=tuple(_parameter(one) for one in returns) if valued else (("", " ".join(returns), None, None),),
        comment=single.get("Comment"),
        body=names.from_spark(single.get("Body", "")),
        created=_clock(single.get("Create Time", "")),
    )


def _parameter(text: str) -> tuple[str, str, str | None, str | None]:
    """`x INT DEFAULT 3 'remark'` as name, type, default, comment."""
    name, _, rest = text.strip().partition(" ")
    found = re.match(r"^(.*?)(?: DEFAULT (.*?))?(?: '(.*)')?$", rest.strip(), re.DOTALL)
    if found is None:
        return name, rest, None, None
    return name.strip("`"), found[1].strip(), found[2], found[3]
