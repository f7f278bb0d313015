"""What went on when is read from the journal, and the drawings keep to their place."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from operations.events import Event, JournalEvent
from operations.report_drawing import LABEL_WIDTH, TICKS, TIME_WIDTH, draw_graph, draw_timeline, duration
from operations.timeline import Span, timeline
from workspace.models import RunHandle, RunOutcome, RunResult

BEGUN = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def at(second: int, event: str, resource: str | None = None, **data: Any) -> JournalEvent:
    return JournalEvent(at=BEGUN + timedelta(seconds=second), event=event, resource=resource, data=data)


def handle(run: str, resource: str = "jobs.a") -> RunHandle:
    return RunHandle(resource=resource, iteration=1, kind="job", parent_id="1", run_id=run, url="https://h/1")


def ended(run: str, result: RunResult) -> dict[str, Any]:
    outcome = RunOutcome(handle=handle(run), result=result, life_cycle_state="TERMINATED", result_state="X")
    return {"outcome": outcome.model_dump(mode="json")}


def spans(*events: JournalEvent) -> Iterator[tuple[str, float, float, str]]:
    for span in timeline(events):
        yield span.row, span.began, span.ended, span.result


def test_runs_deploys_and_waits_are_spans() -> None:
    assert list(
        spans(
            at(0, Event.DEPLOY_STARTED),
            at(2, Event.BUNDLE_DEPLOYED),
            at(3, Event.RUN_STARTED, handle=handle("7")),
            at(9, Event.RUN_ENDED, **ended("7", RunResult.FAILED)),
            at(10, Event.PERSON_AWAITED, questions=["q-aaaaa"]),
            at(20, Event.QUESTION_ANSWERED, question="q-aaaaa"),
        )
    ) == [
        ("deploy", 0.0, 2.0, "deployed"),
        ("jobs.a", 3.0, 9.0, "failed"),
        ("a person", 10.0, 20.0, "answered"),
    ]


def test_a_run_that_is_taken_up_again_is_one_span() -> None:
    started = [at(second, Event.RUN_STARTED, handle=handle("7")) for second in (0, 5)]
    assert list(spans(*started, at(9, Event.RUN_ENDED, **ended("7", RunResult.SUCCESS)))) == [
        ("jobs.a", 0.0, 9.0, "success")
    ]


def test_what_has_no_end_goes_on_until_the_last_line() -> None:
    assert list(spans(at(0, Event.RUN_STARTED, handle=handle("7")), at(4, Event.NOTE, text="x"))) == [
        ("jobs.a", 0.0, 4.0, "open")
    ]


def test_a_failure_of_a_resource_does_not_end_a_deploy() -> None:
    events = [at(0, Event.DEPLOY_STARTED), at(1, Event.EVIDENCE_COLLECTED, "jobs.a"), at(3, Event.BUNDLE_DEPLOYED)]
    assert list(spans(*events)) == [("deploy", 0.0, 3.0, "deployed")]


@pytest.mark.parametrize("seconds", [0.0, 0.2, 59, 3600, 90_000, 700_000])
def test_bars_and_ticks_stay_within_the_drawing(seconds: float) -> None:
    drawn = draw_timeline([Span(row="jobs.a", label="x", began=0, ended=seconds, result="success")])
    assert drawn
    assert all(bar.x >= LABEL_WIDTH and bar.x + bar.width <= LABEL_WIDTH + TIME_WIDTH + 2 for bar in drawn.bars)
    assert 1 <= len(drawn.ticks) <= TICKS + 1


def test_resources_stand_in_the_column_of_their_layer_with_lines_to_what_needs_them() -> None:
    planned = [
        {"key": "jobs.load", "layer": "bronze", "needs": []},
        {"key": "jobs.merge", "layer": "gold_merge", "needs": ["jobs.load", "jobs.elsewhere"]},
    ]
    graph = draw_graph(planned, {"jobs.load": "verified"})
    assert graph
    assert [head.text for head in graph.heads] == ["bronze", "gold merge"]
    assert [(box.key, box.status) for box in graph.boxes] == [("jobs.load", "verified"), ("jobs.merge", "pending")]
    assert len(graph.lines) == 1


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (119, "119 s"), (120, "2 min"), (150, "2 min 30 s"), (9000, "2 h 30 min")]
)
def test_durations_are_told_as_a_person_does(seconds: float, words: str) -> None:
    assert duration(seconds) == words
