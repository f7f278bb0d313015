"""Pages are found by the words that a person remembers."""

from __future__ import annotations

import pytest

from knowledge.registry import load_registry
from knowledge.search import search


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("module not found", "module-not-found"),
        ("duplicate rows merge", "merge-duplicate-source-rows"),
        ("DELTA_MULTIPLE_SOURCE_ROW", "merge-duplicate-source-rows"),
        ("python_task", "bundle-python-task"),
    ],
)
def test_the_page_with_the_words_comes_first(words: str, code: str) -> None:
    assert search(load_registry(), words)[0].code == code


def test_words_that_no_page_holds_find_nothing() -> None:
    assert search(load_registry(), "xyzzy") == ()


def test_no_more_pages_than_asked_for_are_returned() -> None:
    assert len(search(load_registry(), "table", limit=2)) == 2
