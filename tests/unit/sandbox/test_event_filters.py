from __future__ import annotations

import pytest

from sandbox.errors import ApiError
from sandbox.event_log import parse_filter

EVENT = {"level": "ERROR", "id": "e1", "timestamp": "2026-01-02T00:00:00.000Z", "origin": {"update_id": "u1"}}


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        (None, True),
        ("level='ERROR'", True),
        ("level = 'WARN'", False),
        ("level in ('ERROR', 'WARN')", True),
        ("update_id = 'u1' AND timestamp > '2026-01-01T00:00:00.000Z'", True),
        ("update_id = 'u1' and timestamp < '2026-01-01T00:00:00.000Z'", False),
        ("level <> 'ERROR'", False),
    ],
)
def test_a_filter_keeps_the_events_that_fit(condition: str | None, kept: bool) -> None:  # noqa: FBT001  a parameter
    assert parse_filter(condition)(EVENT) is kept


@pytest.mark.parametrize("condition", ["level", "level ~ 'ERROR'", "message = 'x'", "level = ERROR"])
def test_a_filter_that_is_not_understood_is_refused(condition: str) -> None:
    with pytest.raises(ApiError, match="Invalid filter"):
        parse_filter(condition)(EVENT)
