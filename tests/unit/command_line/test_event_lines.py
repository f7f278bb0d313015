from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bundleops.event_lines import lines_for
from bundleops.explain import sureness
from operations.events import Event, JournalEvent
from operations.operation import Operation

WORK = Operation(
    id="20261123-211502-k7fd", bundle="/home/pat/shop", target="dev", working_copy="/c", host="h", state_dir="/s"
)


def shown(event: str, resource: str | None = None, **data: Any) -> list[str]:
    told = JournalEvent(at=datetime.now(UTC), event=event, resource=resource, iteration=1, data=data)
    return [line.text for line in lines_for(told, WORK)]


def test_the_start_names_operation_bundle_and_target() -> None:
    assert shown(Event.OPERATION_STARTED) == ["operation 20261123-211502-k7fd: /home/pat/shop, target dev"]


def test_an_adopted_run_is_not_called_started() -> None:
    handle = {"url": "https://w/run/1"}
    assert shown(Event.RUN_STARTED, "jobs.a", handle=handle, adopted=True) == [
        "jobs.a #1 taken up again: https://w/run/1"
    ]


def test_a_question_says_how_each_answer_is_given() -> None:
    options = [{"id": "skip", "label": "Skip this"}, {"id": "stop", "label": "Stop"}]
    lines = shown(Event.QUESTION_ASKED, "jobs.a", question="q-abcde", title="jobs.a fails", options=options)
    assert lines[0] == "question q-abcde: jobs.a fails"
    assert [line.split()[2:5] for line in lines[2:]] == [["bundleops", "answer", "q-abcde"]] * 2


def test_a_waiting_end_says_how_to_go_on() -> None:
    lines = shown(Event.OPERATION_ENDED, verdict="waiting", exit_code=4, reason="a person has been asked")
    assert lines[-1] == "after the answer: bundleops operate --resume 20261123-211502-k7fd"


def test_a_proven_fix_says_where_its_patch_belongs() -> None:
    lines = shown(Event.OPERATION_ENDED, verdict="verified", exit_code=0, reason="", patch="/s/fix.patch")
    assert "fixes to keep: patch -d /home/pat/shop -p1 -i /s/fix.patch" in lines


def test_an_event_of_a_newer_version_is_shown_as_nothing() -> None:
    assert shown("something_new") == []


@pytest.mark.parametrize(
    ("confidence", "words"), [(0.95, "sure (95%)"), (0.7, "likely (70%)"), (0.1, "not recognised (10%)")]
)
def test_confidence_is_told_in_words(confidence: float, words: str) -> None:
    assert sureness(confidence) == words
