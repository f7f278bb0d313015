"""Quartz cron expressions: `seconds minutes hours day-of-month month day-of-week [year]`.

Understood are `*`, `?`, lists, ranges, steps, names of months and days, and `L`, `LW`, `nW`, `nL` and `n#m` for days.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def _numbered(names: str) -> dict[str, str]:
    """Names of three letters each, numbered from 1."""
    return {names[start : start + 3]: str(start // 3 + 1) for start in range(0, len(names), 3)}


_MONTHS = _numbered("JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC")
_DAYS = _numbered("SUNMONTUEWEDTHUFRISAT")
_LAST_YEAR = 2099
_BOUNDS = {
    "seconds": (0, 59),
    "minutes": (0, 59),
    "hours": (0, 23),
    "day": (1, 31),
    "month": (1, 12),
    "weekday": (1, 7),
}
_YEARS = (1970, _LAST_YEAR)
_HORIZON_DAYS = 366 * 8
"""A leap day is at most eight years away."""
DayRule = Callable[[date], bool]


@dataclass(frozen=True)
class Cron:
    """One expression, ready to be asked."""

    seconds: frozenset[int]
    minutes: frozenset[int]
    hours: frozenset[int]
    day: DayRule
    months: frozenset[int]
    years: frozenset[int]

    def next_after(self, moment_ms: int, zone: str) -> int | None:
        """The first time after a moment at which the expression fires, both in milliseconds; None if never again."""
        place = time_zone(zone)
        start = datetime.fromtimestamp(moment_ms // 1000 + 1, UTC).astimezone(place)
        for offset in range(_HORIZON_DAYS):
            day = start.date() + timedelta(days=offset)
            if day.year in self.years and day.month in self.months and self.day(day):
                found = self._first_in(day, place, moment_ms)
                if found is not None:
                    return found
        return None

    def _first_in(self, day: date, place: ZoneInfo, moment_ms: int) -> int | None:
        for hour in sorted(self.hours):
            # An hour that a clock change leaves out is not there; all others end after the moment or are passed by.
            ends = datetime(day.year, day.month, day.day, hour, 59, 59, tzinfo=place)
            if ends.timestamp() * 1000 <= moment_ms:
                continue
            for minute in sorted(self.minutes):
                for second in sorted(self.seconds):
                    fires = datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=place)
                    real = fires.astimezone(UTC).astimezone(place)
                    if (real.hour, real.minute) == (hour, minute) and fires.timestamp() * 1000 > moment_ms:
                        return int(fires.timestamp() * 1000)
        return None


@lru_cache(maxsize=512)
def parse_cron(expression: str) -> Cron:
    """Read an expression.

    Raises:
        ValueError: It is none; the message says why.
    """
    fields = expression.upper().split()
    if not 6 <= len(fields) <= 7:
        raise ValueError(f"a Quartz expression has 6 or 7 fields, not {len(fields)}")
    seconds, minutes, hours, day, month, weekday, *year = fields
    if (day == "?") == (weekday == "?"):
        raise ValueError("exactly one of day-of-month and day-of-week must be '?'")
    return Cron(
        seconds=_numbers(seconds, *_BOUNDS["seconds"]),
        minutes=_numbers(minutes, *_BOUNDS["minutes"]),
        hours=_numbers(hours, *_BOUNDS["hours"]),
        day=_day_of_month(day) if weekday == "?" else _day_of_week(weekday),
        months=_numbers(_named(month, _MONTHS), *_BOUNDS["month"]),
        years=_numbers(year[0] if year else "*", *_YEARS),
    )


def time_zone(name: str) -> ZoneInfo:
    """A time zone by its name.

    Raises:
        ValueError: There is none of this name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"unknown time zone '{name}'") from error


def _numbers(field: str, low: int, high: int) -> frozenset[int]:
    return frozenset(number for part in field.split(",") for number in _part(part, low, high))


def _part(part: str, low: int, high: int) -> list[int]:
    matched = re.fullmatch(r"(\*|\d+(?:-\d+)?)(?:/(\d+))?", part)
    if matched is None:
        raise ValueError(f"'{part}' cannot be understood")
    span, step = matched[1], int(matched[2] or 1)
    if span == "*":
        first, last = low, high
    else:
        begin, _, end = span.partition("-")
        first = int(begin)
        last = int(end) if end else high if matched[2] else first
    if not (low <= first <= high and low <= last <= high and step):
        raise ValueError(f"'{part}' is not within {low} to {high}")
    if first > last:
        # Quartz lets a range run over the end of its field: FRI-MON, 22-2.
        return [*range(first, high + 1), *range(low, last + 1)][::step]
    return list(range(first, last + 1, step))


def _named(field: str, names: dict[str, str]) -> str:
    return re.sub(r"[A-Z]{3}", lambda found: names.get(found[0], found[0]), field)


def _day_of_month(field: str) -> DayRule:
    if field == "L":
        return lambda day: day.day == _days_in(day)
    if field == "LW":
        return lambda day: day.day == _nearest_weekday(day, _days_in(day))
    matched = re.fullmatch(r"(\d+)W", field)
    if matched:
        wanted = int(matched[1])
        return lambda day: day.day == _nearest_weekday(day, min(wanted, _days_in(day)))
    numbers = _numbers(field, *_BOUNDS["day"])
    return lambda day: day.day in numbers


def _day_of_week(field: str) -> DayRule:
    field = _named(field, _DAYS)
    if field == "L":
        field = "7"
    last = re.fullmatch(r"([1-7])L", field)
    if last:
        return lambda day: _weekday(day) == int(last[1]) and day.day + 7 > _days_in(day)
    nth = re.fullmatch(r"([1-7])#([1-5])", field)
    if nth:
        return lambda day: _weekday(day) == int(nth[1]) and (day.day - 1) // 7 + 1 == int(nth[2])
    numbers = _numbers(field, *_BOUNDS["weekday"])
    return lambda day: _weekday(day) in numbers


def _weekday(day: date) -> int:
    """Quartz counts from Sunday, which is 1."""
    return day.isoweekday() % 7 + 1


def _days_in(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _nearest_weekday(day: date, wanted: int) -> int:
    weekday = day.replace(day=wanted).isoweekday()
    if weekday == 6:
        return wanted - 1 if wanted > 1 else wanted + 2
    if weekday == 7:
        return wanted + 1 if wanted < _days_in(day) else wanted - 2
    return wanted
