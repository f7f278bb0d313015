"""Error conditions tell their SQLSTATE, whether or not the text spells it out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from diagnostics.conditions import sqlstate_line
from knowledge.conditions import sqlstates


@pytest.mark.parametrize(
    "text",
    [
        "[MISSING_WINDOW_SPECIFICATION] Window specification is not defined",
        "pyspark.errors.exceptions.captured.AnalysisException: [MISSING_WINDOW_SPECIFICATION.SUB_CONDITION] no window",
        "Error class: MISSING_WINDOW_SPECIFICATION",
        '{"errorClass": "MISSING_WINDOW_SPECIFICATION"}',
    ],
)
def test_a_condition_gives_its_sqlstate(text: str) -> None:
    assert sqlstate_line(text, sqlstates()) == "SQLSTATE: 42P20"


def test_conditions_of_delta_are_known_without_brackets() -> None:
    assert sqlstate_line("failed with DELTA_CONCURRENT_APPEND on t", sqlstates()) == "SQLSTATE: 2D521"


@pytest.mark.parametrize(
    "text",
    ["", "no condition", "[NOBODY_KNOWS_THIS] x", "[MISSING_WINDOW_SPECIFICATION] x SQLSTATE: 42P20", "[INFO] started"],
)
def test_nothing_is_added_without_need(text: str) -> None:
    assert sqlstate_line(text, sqlstates()) == ""


def test_the_table_is_that_of_the_installed_engines() -> None:
    script = Path(__file__).parents[3] / "scripts" / "update_conditions.py"

    done = subprocess.run([sys.executable, "-P", str(script), "--check"], check=False, capture_output=True, text=True)

    assert done.returncode == 0, f"run `python scripts/update_conditions.py` again: {done.stderr}"
