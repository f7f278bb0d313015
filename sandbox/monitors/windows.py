"""Time windows of monitors: which there are, and the SQL for the window that a row falls into."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_FIXED = {"5 minutes": 300, "30 minutes": 1800, "1 hour": 3600}
_CALENDAR = {"1 day": ("DAY", "DAY"), "1 month": ("MONTH", "MONTH"), "1 year": ("YEAR", "YEAR")}
_WEEKS = re.compile(r"([1-4]) weeks?")
_FIRST_MONDAY = "TIMESTAMP'1970-01-05 00:00:00'"


def is_granularity(text: str) -> bool:
    """Whether a granularity is one that there is."""
    return text in _FIXED or text in _CALENDAR or _WEEKS.fullmatch(text) is not None


def window_of(moment: str, granularity: str) -> str:
    """SQL for the window that a moment falls into.

    Args:
        moment: SQL of type TIMESTAMP.
        granularity: As `1 day`.
    """
    if granularity in _FIXED:
        seconds = _FIXED[granularity]
        start = f"timestamp_seconds(floor(unix_timestamp({moment}) / {seconds}) * {seconds})"
        return _struct(start, f"{start} + INTERVAL {seconds} SECOND")
    if granularity in _CALENDAR:
        unit, step = _CALENDAR[granularity]
        start = f"CAST(date_trunc('{unit}', {moment}) AS TIMESTAMP)"
        return _struct(start, f"{start} + INTERVAL 1 {step}")
    weeks = int(granularity.split(maxsplit=1)[0])
    passed = f"floor(datediff({moment}, {_FIRST_MONDAY}) / {7 * weeks})"
    start = f"timestampadd(DAY, CAST({passed} * {7 * weeks} AS INT), {_FIRST_MONDAY})"
    return _struct(start, f"{start} + INTERVAL {7 * weeks} DAY")


def point(moment_ms: int) -> str:
    """SQL for the window of a snapshot: the moment at which it was taken."""
    moment = datetime.fromtimestamp(moment_ms / 1000, UTC).isoformat(sep=" ", timespec="milliseconds")
    return _struct(f"TIMESTAMP'{moment}'", f"TIMESTAMP'{moment}'")


def _struct(start: str, end: str) -> str:
    return f"named_struct('start', {start}, 'end', {end})"
