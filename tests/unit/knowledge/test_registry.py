"""Pages are loaded together; a bad one is named with its line and left out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from knowledge.page import Rank
from knowledge.registry import UNKNOWN_CODE, load_registry

WritePage = Callable[..., Path]


def test_all_builtin_pages_are_usable() -> None:
    registry = load_registry()

    assert registry.problems == ()
    assert UNKNOWN_CODE in registry


def test_a_page_gives_title_explanation_and_samples(write_page: WritePage) -> None:
    pattern = load_registry(write_page("statement-wrong"))["statement-wrong"]

    assert pattern.title == "A statement is wrong."
    assert pattern.explanation == "Somebody wrote it. It was late."
    assert [(s.text, s.matches, s.source) for s in pattern.samples] == [("wrong", True, "composed: for a test")]


def test_the_rest_works_when_one_page_is_bad(write_page: WritePage) -> None:
    write_page("statement-wrong")
    registry = load_registry(write_page("other-wrong", match="("))

    assert [pattern.code for pattern in registry.patterns] == ["statement-wrong"]
    assert [(problem.page, problem.line) for problem in registry.problems] == [("sql/other-wrong.md", 4)]


@pytest.mark.parametrize(
    ("change", "line", "said"),
    [
        ({"match": "("}, 4, "no RE2 expression"),
        ({"match": "(?=x)"}, 4, "no RE2 expression"),
        ({"extra": "colour: red\n"}, 6, "unknown key colour"),
        ({"extra": "fix_kind: grant\n"}, 6, "fix_kind is given twice"),
        ({"extra": "applicability: always\n"}, 6, "applicability"),
        ({"extra": "rank: first\n"}, 6, "rank"),
        ({"extra": "layer: *anchor\n"}, 6, "aliases"),
        ({"extra": "layer: [\n"}, 6, "no YAML"),
        ({"name": "another-name"}, 2, "differs from the file name"),
        ({"sample": "right"}, 32, "matches this sample"),
    ],
)
def test_a_fault_of_a_page_is_told_with_its_line(
    write_page: WritePage, change: dict[str, str], line: int, said: str
) -> None:
    [problem] = load_registry(write_page("statement-wrong", **change)).problems

    assert said in problem.text
    assert problem.line == line


@pytest.mark.parametrize("code", ["fix-statement", "use-other-column", "handle-error", "check-grants"])
def test_a_code_that_names_a_remedy_is_refused(write_page: WritePage, code: str) -> None:
    [problem] = load_registry(write_page(code)).problems

    assert "names a remedy" in problem.text


def test_a_missing_heading_is_named(write_page: WritePage) -> None:
    folder = write_page("statement-wrong")
    page = folder / "sql" / "statement-wrong.md"
    page.write_text(page.read_text(encoding="utf-8").replace("## Fix\n", ""), encoding="utf-8")

    [problem] = load_registry(folder).problems

    assert "'## Fix' is missing" in problem.text


def test_a_code_that_is_taken_names_the_page_that_has_it(write_page: WritePage) -> None:
    folder = write_page("statement-wrong")
    second = folder / "transient"
    second.mkdir()
    text = (folder / "sql" / "statement-wrong.md").read_text(encoding="utf-8")
    (second / "statement-wrong.md").write_text(text.replace("category: sql", "category: transient"), encoding="utf-8")

    [problem] = load_registry(folder).problems

    assert str(problem) == "transient/statement-wrong.md:1: code statement-wrong is taken by sql/statement-wrong.md"


def test_a_page_that_is_too_long_is_not_read(write_page: WritePage) -> None:
    [problem] = load_registry(write_page("statement-wrong", sample="wrong " * 100_000)).problems

    assert "longer than" in problem.text


def test_an_unchanged_folder_is_read_once(write_page: WritePage) -> None:
    folder = write_page("statement-wrong")

    assert load_registry(folder) is load_registry(folder)


def test_a_new_page_is_seen(write_page: WritePage) -> None:
    load_registry(write_page("statement-wrong"))

    assert "other-wrong" in load_registry(write_page("other-wrong"))


def test_the_rank_of_a_page_is_exact_unless_it_says_otherwise(write_page: WritePage) -> None:
    write_page("statement-wrong")
    registry = load_registry(write_page("family-wrong", extra="rank: family\n"))

    assert registry.rank("statement-wrong") is Rank.EXACT
    assert registry.rank("family-wrong") is Rank.FAMILY
