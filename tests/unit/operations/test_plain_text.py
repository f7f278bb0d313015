"""Hostile text is shown, and does nothing else."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.plain_text import code_span, fenced, for_markdown, for_terminal, link, shorten

HOSTILE = st.text(alphabet=st.characters() | st.sampled_from("\x1b[]m;\x07`|<>*_\u202e\u200b\n"))


@given(text=HOSTILE)
def test_nothing_that_controls_a_terminal_gets_through(text: str) -> None:
    kinds = {unicodedata.category(character) for character in for_terminal(text) if character not in "\n\t"}
    assert kinds.isdisjoint({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;http://evil\x07link\x1b]8;;\x07", "link"),
        ("\x1b]0;title\x1b\\text", "text"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("a\u202eb\u200bc", "abc"),
        ("tab\tand größe stay", "tab\tand größe stay"),
    ],
)
def test_escapes_go_and_readable_text_stays(text: str, shown: str) -> None:
    assert for_terminal(text) == shown


@given(text=HOSTILE)
def test_a_fence_is_longer_than_any_run_of_backticks_inside(text: str) -> None:
    fence, *body, end = fenced(text).split("\n")
    assert fence == end
    assert all(len(run) < len(fence) for run in re.findall("`+", "\n".join(body)))


@given(text=HOSTILE)
def test_inline_markdown_keeps_to_its_line_and_opens_no_markup(text: str) -> None:
    shown = for_markdown(text)
    assert "\n" not in shown
    assert re.search(r"(?<!\\)(?:\\\\)*[`*_\[\]|~$]", shown) is None
    assert "<" not in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [("# x", r"\# x"), ("1. x", r"1\. x"), ("- x", r"\- x"), ("@all", "&#64;all"), ("a://b", "a&#58;//b")],
)
def test_what_would_be_a_heading_list_mention_or_link_is_escaped(text: str, shown: str) -> None:
    assert for_markdown(text) == shown


def test_a_code_span_survives_backticks_and_table_cells() -> None:
    assert code_span("a`b|c") == r"``a`b\|c``"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://host/a) [evil](https://evil", "https://h/\u202ex", ""])
def test_an_address_that_is_no_plain_web_address_becomes_no_link(url: str) -> None:
    assert link("open", url) == "open"


@given(text=st.text(max_size=400), limit=st.integers(min_value=10, max_value=100))
def test_shortened_text_keeps_its_beginning_and_end(text: str, limit: int) -> None:
    short = shorten(text, limit)
    assert short.startswith(text[: limit - limit // 3])
    assert short.endswith(text[len(text) - limit // 3 :] if len(text) > limit else text)
