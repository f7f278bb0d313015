"""Bad knowledge is named with file and line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from diagnostics.lint import lint
from knowledge.registry import BUILTIN, load_registry

WritePage = Callable[..., Path]


@pytest.fixture
def folder(write_page: WritePage) -> Path:
    """A folder with the page that ends the ladder and one that lacks samples."""
    root = write_page("statement-wrong")
    (root / "unknown").mkdir()
    text = (BUILTIN / "unknown" / "unknown-error.md").read_text(encoding="utf-8")
    (root / "unknown" / "unknown-error.md").write_text(text, encoding="utf-8")
    return root


def problems(folder: Path) -> list[str]:
    """Return the problems of a folder as a person reads them."""
    return [str(problem) for problem in lint(load_registry(folder))]


def test_the_pages_that_are_shipped_have_no_problem() -> None:
    assert lint(load_registry()) == ()


def test_missing_samples_are_named(folder: Path) -> None:
    assert problems(folder) == [
        "sql/statement-wrong.md:1: 1 samples that match; a page needs two",
        "sql/statement-wrong.md:1: no sample that does not match; a page needs one",
    ]


def test_a_sample_that_another_page_claims_is_a_clash(folder: Path, write_page: WritePage) -> None:
    write_page("another-wrong")

    assert "sql/statement-wrong.md:32: this sample is diagnosed as another-wrong" in problems(folder)


def test_an_unknown_fixer_is_named(folder: Path, write_page: WritePage) -> None:
    write_page("statement-wrong", extra="fixer: magic\n")

    assert any("unknown fixer magic; known: " in problem for problem in problems(folder))


def test_pages_without_the_last_rung_are_refused(write_page: WritePage) -> None:
    [problem] = problems(write_page("statement-wrong"))

    assert problem == ".:1: the page unknown-error is missing: it ends the ladder"
