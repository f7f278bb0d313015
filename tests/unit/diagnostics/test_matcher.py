"""Matching runs on hostile text: long, broken, or made to be slow."""

from __future__ import annotations

import pytest

from diagnostics.matcher import MAX_CHARACTERS, Matcher, MatcherError, matcher_for
from knowledge.registry import Registry

MISSING = "[TABLE_OR_VIEW_NOT_FOUND] The table or view `main`.`bronze`.`orders` cannot be found."


def test_named_groups_are_returned(registry: Registry) -> None:
    hit = matcher_for(registry).hits("ModuleNotFoundError: No module named 'humanize'")[0]

    assert (hit.pattern.code, hit.groups) == ("module-not-found", {"module": "humanize"})


def test_a_particular_page_wins_over_the_general_one(registry: Registry) -> None:
    codes = [hit.pattern.code for hit in matcher_for(registry).hits(MISSING.replace("orders", "dim_customer"))]

    assert codes[:2] == ["gold-merge-target-missing", "table-or-view-not-found"]


def test_a_wrapper_comes_last(registry: Registry) -> None:
    hits = matcher_for(registry).hits(f"Workload failed, see run output for details\n{MISSING}")

    assert [hit.pattern.code for hit in hits] == ["table-or-view-not-found", "workload-failed-generic"]


def test_of_equal_pages_the_one_found_first_in_the_text_wins(registry: Registry) -> None:
    name_error = "NameError: name 'x' is not defined"
    hits = matcher_for(registry).hits(f"[DIVIDE_BY_ZERO] Division by zero.\n{name_error}")

    assert [hit.pattern.code for hit in hits] == ["metric-division-by-zero", "python-name-error"]


@pytest.mark.parametrize("position", ["head", "tail"])
def test_head_and_tail_of_a_text_of_two_megabytes_are_searched(registry: Registry, position: str) -> None:
    filler = "x" * 2 * MAX_CHARACTERS
    text = f"{MISSING}\n{filler}" if position == "head" else f"{filler}\n{MISSING}"

    assert matcher_for(registry).hits(text)[0].pattern.code == "table-or-view-not-found"


@pytest.mark.parametrize(
    "text", ["", "\0\x1b[31m\x07", "\ud800 lone surrogate", "[" * 100_000, "genie monitor " * 50_000]
)
def test_hostile_text_has_no_match_and_does_no_harm(registry: Registry, text: str) -> None:
    assert matcher_for(registry).hits(text) == ()


def test_control_characters_do_not_hide_an_error(registry: Registry) -> None:
    assert matcher_for(registry).hits(f"\0\x1b[31m\ud800{MISSING}")[0].groups["table"] == "`main`.`bronze`.`orders`"


def test_running_out_of_memory_is_an_error_and_not_a_text_without_a_match(registry: Registry) -> None:
    with pytest.raises(MatcherError, match="ran out of memory"):
        Matcher(registry, memory_bytes=600_000).hits(MISSING)
