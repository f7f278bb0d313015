"""The control plane's memory: records as JSON in SQLite, so that they survive a restart."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
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
            "UPDATE records SET active = ?, body = ? WHERE kind = ? AND key = ?",
            (record.active, record.model_dump_json(), self._model.kind, record.key),
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

    def count(self, *, owner: str | int, active: bool) -> int:
        """How many records of an owner are active, or not."""
        rows = self._store.execute(
            "SELECT count(*) FROM records WHERE kind = ? AND owner = ? AND active = ?",
            (self._model.kind, str(owner), int(active)),
        )
        return int(rows[0][0])
