"""What Unity Catalog knows and Spark's own catalog cannot hold: one SQLite file that every process of a sandbox opens.

Kept here: catalogs, volumes, owners, grants, tags, keys, and the definitions of metric views as they were written.
Schemas, tables, views and functions live in the engine; here stands only what the engine has no place for.
Names are full names in lower case (`main.gold.dim`). Views are of the kind TABLE.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from sandbox.layout import USER_NAME

Kind = Literal["CATALOG", "SCHEMA", "TABLE", "VOLUME", "FUNCTION"]
MAIN = "main"
BUSY_SECONDS = 20.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS securables (
    kind TEXT, name TEXT, owner TEXT, comment TEXT, created_by TEXT, created_at INTEGER, updated_at INTEGER, facts TEXT,
    PRIMARY KEY (kind, name));
CREATE TABLE IF NOT EXISTS grants (
    kind TEXT, name TEXT, principal TEXT, privilege TEXT, PRIMARY KEY (kind, name, principal, privilege));
CREATE TABLE IF NOT EXISTS tags (
    kind TEXT, name TEXT, column_name TEXT, tag TEXT, value TEXT, PRIMARY KEY (kind, name, column_name, tag));
CREATE TABLE IF NOT EXISTS keys (
    kind TEXT, name TEXT, constraint_name TEXT, body TEXT, PRIMARY KEY (kind, name, constraint_name));
"""
_TABLES = ("securables", "grants", "tags", "keys")


@dataclass(frozen=True, kw_only=True)
class Securable:
    """Something that has an owner; times are milliseconds since the epoch."""

    kind: Kind
    name: str
    owner: str = USER_NAME
    comment: str | None = None
    created_by: str = USER_NAME
    created_at: int = field(default_factory=lambda: time.time_ns() // 1_000_000)
    updated_at: int = field(default_factory=lambda: time.time_ns() // 1_000_000)
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What only this kind has: `yaml` of a metric view, `volume_type` and `storage_location` of a volume."""


@dataclass(frozen=True)
class Grant:
    """One privilege of one principal on one object; privileges are written as by the API (`USE_SCHEMA`)."""

    kind: str
    name: str
    principal: str
    privilege: str


@dataclass(frozen=True, kw_only=True)
class Key:
    """A primary or foreign key: information only, as on Databricks."""

    name: str
    columns: tuple[str, ...]
    parent: str = ""
    """Table that a foreign key refers to; empty for a primary key."""
    parent_columns: tuple[str, ...] = ()
    rely: bool = False

    @property
    def primary(self) -> bool:
        """Whether it is a primary key."""
        return not self.parent


class Metastore:
    """All of it; safe to use from several threads and processes."""

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(
            path or ":memory:", check_same_thread=False, isolation_level=None, timeout=BUSY_SECONDS
        )
        if path:
            path.chmod(0o600)
            self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.executescript(_SCHEMA)
        if self.find("CATALOG", MAIN) is None:
            self._add(Securable(kind="CATALOG", name=MAIN, comment="The catalog of the workspace."), or_ignore=True)

    def close(self) -> None:
        """Close the file; later calls fail."""
        with self._lock:
            self._connection.close()

    # Objects

    def find(self, kind: Kind, name: str) -> Securable | None:
        """The object of this name, if something is known of it."""
        found = self._read("kind = ? AND name = ?", (kind, name.lower()))
        return found[0] if found else None

    def securables(self, kind: Kind, parent: str = "") -> list[Securable]:
        """Objects of a kind by name, all or those below a catalog or schema."""
        if not parent:
            return self._read("kind = ?", (kind,))
        return self._read("kind = ? AND name LIKE ? ESCAPE '\\'", (kind, _below(parent)))

    def put(self, securable: Securable) -> None:
        """Store an object, in the place of what was known of it."""
        self._add(securable, or_ignore=False)

    def owner(self, kind: Kind, name: str) -> str:
        """Who owns an object; what nobody is known to own belongs to the administrator."""
        found = self.find(kind, name)
        return found.owner if found else USER_NAME

    def remove(self, kind: Kind, name: str) -> None:
        """Forget an object and all that is below it."""
        for table in _TABLES:
            self._run(f"DELETE FROM {table} WHERE kind = ? AND name = ?", (kind, name.lower()))  # noqa: S608 - constants
            self._run(f"DELETE FROM {table} WHERE name LIKE ? ESCAPE '\\'", (_below(name),))  # noqa: S608 - constants

    def rename(self, kind: Kind, old: str, new: str) -> None:
        """Give what is known of an object to its new name."""
        for table in _TABLES:
            values = (new.lower(), kind, old.lower())
            self._run(f"UPDATE OR REPLACE {table} SET name = ? WHERE kind = ? AND name = ?", values)  # noqa: S608 - constants

    # Grants

    def grants(self, kind: Kind, name: str) -> list[Grant]:
        """Grants on one object."""
        return self._grants("kind = ? AND name = ?", (kind, name.lower()))

    def grants_below(self, parent: str) -> list[Grant]:
        """Grants on everything below a catalog or schema."""
        return self._grants("name LIKE ? ESCAPE '\\'", (_below(parent),))

    def grant(self, kind: Kind, name: str, principal: str, privileges: Iterable[str]) -> None:
        """Add privileges."""
        for privilege in privileges:
            self._run("INSERT OR IGNORE INTO grants VALUES (?, ?, ?, ?)", (kind, name.lower(), principal, privilege))

    def revoke(self, kind: Kind, name: str, principal: str, privileges: Iterable[str]) -> None:
        """Take privileges away."""
        for privilege in privileges:
            self._run(
                "DELETE FROM grants WHERE kind = ? AND name = ? AND principal = ? AND privilege = ?",
                (kind, name.lower(), principal, privilege),
            )

    def _grants(self, where: str, values: Sequence[str]) -> list[Grant]:
        select = f"SELECT kind, name, principal, privilege FROM grants WHERE {where} ORDER BY 2, 3, 4"  # noqa: S608 - constants
        return [Grant(*row) for row in self._run(select, values)]

    # Tags

    def set_tags(self, kind: Kind, name: str, tags: Mapping[str, str], column: str = "") -> None:
        """Set tags of an object or of one column of a table."""
        for tag, value in tags.items():
            self._run("INSERT OR REPLACE INTO tags VALUES (?, ?, ?, ?, ?)", (kind, name.lower(), column, tag, value))

    def unset_tags(self, kind: Kind, name: str, tags: Iterable[str], column: str = "") -> None:
        """Take tags away."""
        for tag in tags:
            self._run(
                "DELETE FROM tags WHERE kind = ? AND name = ? AND column_name = ? AND tag = ?",
                (kind, name.lower(), column, tag),
            )

    def tags(self, kind: Kind) -> list[tuple[str, str, str, str]]:
        """All tags of objects of a kind: name, column (or empty), tag, value."""
        rows = self._run("SELECT name, column_name, tag, value FROM tags WHERE kind = ? ORDER BY 1, 2, 3", (kind,))
        return [tuple(row) for row in rows]

    # Keys

    def table_keys(self, table: str = "", *, below: str = "") -> list[tuple[str, Key]]:
        """Keys with their tables' names: of one table, of all below a catalog or schema, or all."""
        where, value = (
            ("name = ?", table.lower()) if table else ("name LIKE ? ESCAPE '\\'", _below(below) if below else "%")
        )
        rows = self._run(f"SELECT name, body FROM keys WHERE {where} ORDER BY rowid", (value,))  # noqa: S608 - constants
        return [(name, _key(json.loads(body))) for name, body in rows]

    def add_key(self, table: str, key: Key) -> None:
        """Add a key to a table."""
        self._run(
            "INSERT OR REPLACE INTO keys VALUES ('TABLE', ?, ?, ?)", (table.lower(), key.name, json.dumps(vars(key)))
        )

    def drop_key(self, table: str, name: str) -> None:
        """Take a key away."""
        self._run("DELETE FROM keys WHERE name = ? AND lower(constraint_name) = lower(?)", (table.lower(), name))

    def drop_keys(self, table: str) -> None:
        """Take all keys of a table away."""
        self._run("DELETE FROM keys WHERE name = ?", (table.lower(),))

    def _add(self, securable: Securable, *, or_ignore: bool) -> None:
        what = "IGNORE" if or_ignore else "REPLACE"
        values = vars(securable) | {"name": securable.name.lower(), "facts": json.dumps(dict(securable.facts))}
        order = ("kind", "name", "owner", "comment", "created_by", "created_at", "updated_at", "facts")
        self._run(
            f"INSERT OR {what} INTO securables VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - one of two words
            [values[name] for name in order],
        )

    def _read(self, where: str, values: Sequence[Any]) -> list[Securable]:
        columns = "kind, name, owner, comment, created_by, created_at, updated_at, facts"
        rows = self._run(f"SELECT {columns} FROM securables WHERE {where} ORDER BY name", values)  # noqa: S608 - constants
        names = columns.split(", ")
        return [Securable(**dict(zip(names, [*row[:-1], json.loads(row[-1])], strict=True))) for row in rows]

    def _run(self, statement: str, values: Sequence[Any]) -> list[Any]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()


def _below(parent: str) -> str:
    escaped = parent.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"{escaped}.%"


def _key(body: Mapping[str, Any]) -> Key:
    return Key(**{**body, "columns": tuple(body["columns"]), "parent_columns": tuple(body["parent_columns"])})
