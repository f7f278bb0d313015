from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from sandbox.quartz import parse_cron


def following(expression: str, moment: str, zone: str = "UTC") -> str:
    place = ZoneInfo(zone)
    start = int(datetime.fromisoformat(moment).replace(tzinfo=place).timestamp() * 1000)
    found = parse_cron(expression).next_after(start, zone)
    return "never" if found is None else datetime.fromtimestamp(found / 1000, place).isoformat(" ")[:19]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("0 0 8 * * ?", "2026-03-05 08:00:00"),
        ("0 0/15 * * * ?", "2026-03-04 10:45:00"),
        ("30 0 */6 * * ?", "2026-03-04 12:00:30"),
        ("0 0 8 ? * MON-FRI", "2026-03-05 08:00:00"),
        ("0 0 8 ? * FRI-SUN", "2026-03-06 08:00:00"),
        ("0 0 8 ? * 1", "2026-03-08 08:00:00"),
        ("0 0 0 1 * ?", "2026-04-01 00:00:00"),
        ("0 0 0 L * ?", "2026-03-31 00:00:00"),
        ("0 0 0 15W * ?", "2026-03-16 00:00:00"),
        ("0 0 0 ? * 6L", "2026-03-27 00:00:00"),
        ("0 0 0 ? * MON#2", "2026-03-09 00:00:00"),
        ("0 0 0 29 FEB ?", "2028-02-29 00:00:00"),
        ("0 0 0 1 1 ? 2025", "never"),
    ],
)
def test_the_next_time_after_a_wednesday(expression: str, expected: str) -> None:
    assert following(expression, "2026-03-04 10:30:00") == expected


def test_the_time_itself_is_not_after_it() -> None:
    assert following("0 0 8 * * ?", "2026-03-04 08:00:00") == "2026-03-05 08:00:00"


def test_an_hour_that_a_clock_change_leaves_out_does_not_fire() -> None:
    assert following("0 30 2 * * ?", "2026-03-28 12:00:00", "Europe/Berlin") == "2026-03-30 02:30:00"


@pytest.mark.parametrize(
    "expression",
    ["0 6 * * *", "0 0 8 * * *", "0 0 8 ? * ?", "0 0 24 * * ?", "0 0 8 0 * ?", "0 0 8 * FOO ?", "0 0/0 8 * * ?", ""],
)
def test_what_quartz_refuses_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match=r"field|\?|within|understood"):
        parse_cron(expression)
