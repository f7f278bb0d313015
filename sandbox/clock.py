"""Time as the APIs write it."""

from __future__ import annotations

from datetime import UTC, datetime


def timestamp(milliseconds: int) -> str:
    """A time in milliseconds since the epoch as RFC 3339, in UTC."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
