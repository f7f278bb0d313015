"""The report as a page: it needs nothing else, runs nothing, and shows text of a workspace literally."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from operations.events import Event
from operations.operation import Operation
from operations.report import write_report
from operations.report_data import make_report
from operations.report_html import render_html

HOSTILE = "</pre><script>alert(1)</script><img src=x onerror=alert(1)> \x1b[31m \u202e ${7*7} {{ 7*7 }}"


class Seen(HTMLParser):
    """Tags and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: dict[str, list[str]] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value or "")


def page_of(story: Any, request: Operation) -> str:
    events = story.journal.events()
    return render_html(make_report(request, events), events)


@pytest.fixture
def page(story: Any, request_of_operation: Operation) -> str:
    story.begins()
    story.fails(1, HOSTILE)
    story.is_fixed(1)
    story.succeeds(2)
    story.asks("q-aaaaa")
    story.journal.append(Event.NOTE, text=HOSTILE)
    return page_of(story, request_of_operation)


def test_text_of_a_workspace_is_shown_literally(page: str) -> None:
    seen = Seen(page)
    assert not {"script", "img", "iframe", "link", "form"} & set(seen.tags)
    assert not [name for name in seen.attributes if name.startswith("on")]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "{{ 7*7 }}" in page
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_nothing_is_loaded_from_anywhere(page: str) -> None:
    seen = Seen(page)
    assert "src" not in seen.attributes
    assert "default-src 'none'" in page
    assert not re.search(r"@import|url\(", page)
    assert all(address.startswith("https://host/") for address in seen.attributes["href"])


def test_an_address_that_is_none_of_the_web_is_no_link(story: Any, request_of_operation: Operation) -> None:
    story.begins()
    urls = {"jobs.bronze": "javascript:alert(1)"}
    story.journal.append(Event.BUNDLE_DEPLOYED, digest="d", resources=urls)
    assert "javascript:" not in page_of(story, request_of_operation)


def test_it_tells_failures_fixes_and_questions(page: str) -> None:
    for told in ("table-not-found", "Read the table c", "+SELECT * FROM c", "q-aaaaa", "What to do next"):
        assert told in page


def test_it_has_both_drawings(page: str) -> None:
    assert page.count("<svg") == 2
    assert 'class="bar failed"' in page
    assert 'class="bar success"' in page


def test_an_operation_that_has_not_begun_has_a_page_without_drawings(
    story: Any, request_of_operation: Operation
) -> None:
    page = page_of(story, request_of_operation)
    assert "<svg" not in page
    assert request_of_operation.id in page


def test_it_stands_beside_the_other_reports(story: Any, request_of_operation: Operation) -> None:
    story.begins()
    folder = write_report(request_of_operation, story.journal.events()).parent
    assert {path.name for path in folder.iterdir()} == {"report.html", "report.json", "report.md"}
