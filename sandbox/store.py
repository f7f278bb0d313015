"""The control plane's memory: records as JSON in SQLite, so that they survive a restart."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel

_SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    owner TEXT NOT NULL,
    active INTEGER NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (kind, key)
);
CREATE INDEX IF NOT EXISTS records_by_owner ON records (kind, owner, active);
CREATE INDEX IF NOT EXISTS records_by_activity ON records (kind, active);
"""


class Record(BaseModel):
    """Something that is stored: it has a key, an owner to list it by, and is active or not."""

    kind: ClassVar[str]

    @property
    def key(self) -> str:
        """Unique among the records of its kind."""
        raise NotImplementedError

    @property
    def owner(self) -> str:
        """Key of the record that it belongs to."""
        return ""

    @property
    def active(self) -> bool:
        """Whether work on it is in progress."""
        return False


R = TypeVar("R", bound=Record)


class Store:
    """One SQLite file behind one lock."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_SCHEMA)

    def execute(self, statement: str, values: Sequence[Any]) -> list[Any]:
        """Run one statement and return its rows."""
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def close(self) -> None:
        """Close the file; later calls fail."""
        with self._lock:
            self._connection.close()


@dataclass(frozen=True, kw_only=True)
class Query:
    """Which records are wanted; what is left out does not matter."""

    owner: str | int | None = None
    active: bool | None = None
    equal: Mapping[str, str] = field(default_factory=dict)
    """Values by their JSON path in the record, compared without regard to case."""
    least: Mapping[str, int] = field(default_factory=dict)
    """Lower bounds by JSON path."""
    most: Mapping[str, int] = field(default_factory=dict)
    """Upper bounds by JSON path."""
    present: Sequence[str] = ()
    """JSON paths of fields that must be there."""

    def conditions(self, kind: str) -> tuple[str, list[Any]]:
        """The WHERE clause and its values."""
        found: list[tuple[str, list[Any]]] = [("kind = ?", [kind])]
        if self.owner is not None:
            found.append(("owner = ?", [str(self.owner)]))
        if self.active is not None:
            found.append(("active = ?", [int(self.active)]))
        found += [("json_extract(body, ?) = ? COLLATE NOCASE", [path, text]) for path, text in self.equal.items()]
        found += [("json_extract(body, ?) >= ?", [path, bound]) for path, bound in self.least.items()]
        found += [("json_extract(body, ?) <= ?", [path, bound]) for path, bound in self.most.items()]
        found += [("json_extract(body, ?) IS NOT NULL", [path]) for path in self.present]
        return " AND ".join(text for text, _ in found), [value for _, values in found for value in values]


@dataclass(frozen=True, kw_only=True)
class Page(Generic[R]):
    """Some records in a row, and where the next and the previous ones begin."""

    records: list[R]
    older: int | None = None
    newer: int | None = None


class Collection(Generic[R]):
    """All records of one model."""

    def __init__(self, store: Store, model: type[R]) -> None:
        self._store = store
        self._model = model

    def add(self, record: R) -> None:
        """Store a new record; its key must be new."""
        self._store.execute(
            "INSERT INTO records (kind, key, owner, active, body) VALUES (?, ?, ?, ?, ?)",
            (self._model.kind, record.key, record.owner, record.active, record.model_dump_json()),
        )

    def save(self, record: R) -> None:
        """Replace a record by its present content."""
        self._store.execute(
            "UPDATE records SET owner = ?, active = ?, body = ? WHERE kind = ? AND key = ?",
            (record.owner, record.active, record.model_dump_json(), self._model.kind, record.key),
        )

    def find(self, key: str | int) -> R | None:
        """The record of this key, if there is one."""
        rows = self._store.execute("SELECT body FROM records WHERE kind = ? AND key = ?", (self._model.kind, str(key)))
        return self._model.model_validate_json(rows[0][0]) if rows else None

    def remove(self, key: str | int) -> None:
        """Forget a record."""
        self._store.execute("DELETE FROM records WHERE kind = ? AND key = ?", (self._model.kind, str(key)))

    def remove_owned(self, owner: str | int) -> None:
        """Forget every record of an owner."""
        self._store.execute("DELETE FROM records WHERE kind = ? AND owner = ?", (self._model.kind, str(owner)))

    def list(
        self,
        *,
        owner: str | int | None = None,
        active: bool | None = None,
        oldest_first: bool = False,
        limit: int = -1,
    ) -> list[R]:
        """Records that fit, newest first unless asked otherwise."""
        wanted, values = "kind = ?", [self._model.kind]
        if owner is not None:
            wanted, values = f"{wanted} AND owner = ?", [*values, str(owner)]
        if active is not None:
            wanted, values = f"{wanted} AND active = ?", [*values, str(int(active))]
        order = "ASC" if oldest_first else "DESC"
        statement = f"SELECT body FROM records WHERE {wanted} ORDER BY seq {order} LIMIT {limit}"  # noqa: S608  only constants
        return [self._model.model_validate_json(body) for (body,) in self._store.execute(statement, values)]

    def matching(self, query: Query) -> Sequence[R]:
        """All records that a query names, newest first."""
        return self.page(query, -1).records

    def page(self, query: Query, limit: int, *, before: int | None = None, after: int | None = None) -> Page[R]:
        """One page of the records that a query names, newest first.

        Args:
            query: Which records.
            limit: How many of them.
            before: Only records older than this place in the sequence.
            after: Only records newer than this place, from the oldest of them on.
        """
        wanted, values = query.conditions(self._model.kind)
        if before is not None:
            wanted, values = f"{wanted} AND seq < ?", [*values, before]
        if after is not None:
            wanted, values = f"{wanted} AND seq > ?", [*values, after]
        order = "DESC" if after is None else "ASC"
        statement = f"SELECT seq, body FROM records WHERE {wanted} ORDER BY seq {order} LIMIT ?"  # noqa: S608  only constants
        rows = self._store.execute(statement, [*values, limit])
        rows = rows if after is None else rows[::-1]
        records = [self._model.model_validate_json(body) for _, body in rows]
        if not rows:
            return Page(records=records)
        return Page(
            records=records,
            older=rows[-1][0] if self._any(query, "seq < ?", rows[-1][0]) else None,
            newer=rows[0][0] if self._any(query, "seq > ?", rows[0][0]) else None,
        )

    def _any(self, query: Query, condition: str, place: int) -> bool:
        wanted, values = query.conditions(self._model.kind)
        statement = f"SELECT 1 FROM records WHERE {wanted} AND {condition} LIMIT 1"  # noqa: S608  only constants
        return bool(self._store.execute(statement, [*values, place]))

    def count(self, *, owner: str | int, active: bool) -> int:
        """How many records of an owner are active, or not."""
        rows = self._store.execute(
            "SELECT count(*) FROM records WHERE kind = ? AND owner = ? AND active = ?",
            (self._model.kind, str(owner), int(active)),
        )
        return int(rows[0][0])
