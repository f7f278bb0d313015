"""Of a text that nobody recognises, the line that says most is shown."""

from __future__ import annotations

import pytest

from diagnostics.cause_line import MAX_CHARACTERS, cause_line, exception_name

TRACE = """Traceback (most recent call last):
  File "load.py", line 3, in <module>
    rows[key]
KeyError: 'amount'
"""


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (TRACE, "KeyError: 'amount'"),
        ("Workload failed, see run output for details\n" + TRACE, "KeyError: 'amount'"),
        (
            "java.lang.RuntimeException: outer\nCaused by: java.io.IOException: inner\n  at x",
            "Caused by: java.io.IOException: inner",
        ),
        ("INFO start\nERROR disk quota reached\nINFO end", "ERROR disk quota reached"),
        ("\n\n  something odd\nmore", "something odd"),
        ("", ""),
    ],
)
def test_the_most_telling_line_is_found(text: str, line: str) -> None:
    assert cause_line(text) == line


def test_a_long_line_is_cut() -> None:
    assert len(cause_line("x" * 10_000)) == MAX_CHARACTERS


def test_the_exception_of_a_line_is_named() -> None:
    assert exception_name("Caused by: java.io.IOException: inner") == "java.io.IOException"
    assert exception_name("something odd") == ""
