"""What is asked of information_schema, and what every view of it is made of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox import privileges
from sandbox.metastore import Kind
from sandbox.spark.rewrite.lakehouse import Function, Lakehouse, Table
from sandbox.spark.rewrite.session import Session

Rows = Iterator[Mapping[str, Any]]


@dataclass(frozen=True)
class Scope:
    """Which part is asked for; None is no limit."""

    session: Session
    catalogs: tuple[str, ...]
    schemas: set[str] | None = None
    tables: set[str] | None = None

    @property
    def lakehouse(self) -> Lakehouse:
        """What the user sees of the engine."""
        return Lakehouse(self.session)

    def all_tables(self) -> Iterator[Table]:
        """Tables and views."""
        for catalog, schema in self.lakehouse.schemas(self.catalogs, self.schemas):
            yield from self.lakehouse.tables(catalog, schema, self.tables)

    def all_functions(self) -> Iterator[Function]:
        """Functions."""
        for catalog, schema in self.lakehouse.schemas(self.catalogs, self.schemas):
            yield from self.lakehouse.functions(catalog, schema)

    def owner(self, kind: Kind, name: str) -> str:
        """Owner of an object."""
        return self.session.metastore.owner(kind, name)

    def sees(self, kind: Kind, name: str) -> bool:
        """Whether an object is within the scope and the user may see it."""
        parts = name.split(".")
        inside = parts[0] in self.catalogs and (kind == "CATALOG" or self.schemas is None or parts[1] in self.schemas)
        return inside and privileges.sees(self.session.metastore, self.session.user, kind, name)


TABLE = "table_catalog table_schema table_name"
View = tuple[str, Callable[[Scope], Rows]]
"""Columns of a view, and what reads its rows."""


def audit(created: int, by: str, updated: int) -> dict[str, Any]:
    """When and by whom something was made; times in milliseconds, 0 for unknown."""
    times = [dt.datetime.fromtimestamp(at / 1000, dt.UTC) if at else None for at in (created, updated)]
    return {"created": times[0], "created_by": by, "last_altered": times[1], "last_altered_by": by}


AUDIT = "created:TIMESTAMP created_by last_altered:TIMESTAMP last_altered_by"


def table_name(table: str) -> dict[str, str]:
    """Columns that name a table."""
    return dict(zip(("table_catalog", "table_schema", "table_name"), table.split("."), strict=True))
