"""Ids of catalog objects: made from their names, so that they need not be stored, and found again by them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable

_told: dict[str, str] = {}
"""Names by the ids that this process has told. Who asks by an id has mostly read it here just before."""


def object_id(full_name: str) -> str:
    """The id of a schema or a table."""
    told = str(uuid.uuid5(uuid.NAMESPACE_URL, full_name))
    _told[told] = full_name
    return told


def name_of(wanted: str, names: Callable[[], Iterable[str]]) -> str | None:
    """The full name behind an id; all names are asked for only if this process has not told it."""
    if wanted not in _told:
        for name in names():
            object_id(name)
    return _told.get(wanted)


def is_id(text: str) -> bool:
    """Whether a text has the form of an id."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
