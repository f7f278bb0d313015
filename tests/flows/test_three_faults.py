from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from operations.events import Event, JournalEvent
from tests.flows.bundle_maker import DUPLICATES, MERGE, Job, make_bundle, missing, sql
from tests.flows.program import End, Program
from tests.flows.services import ScriptedWorkspace
from tests.flows.story import Story

PRICES = "main.silver.prices"
"""No source tells that the merge reads it, so the plan cannot put its writer first."""
FAULTS = (DUPLICATES, missing(PRICES), "ValueError: the delivery is empty")


# One operation in which every run fails in another way, each with a fix of its own; then a person says stop.


@dataclass(frozen=True)
class Told:
    """What the processes printed."""

    story: Story
    first: tuple[JournalEvent, ...]
    """What was journalled until the question; the resumed operation looks at the failure again."""
    waiting: End
    answer: End
    stopped: End


@pytest.fixture(scope="module")
def told(one_workspace: ScriptedWorkspace, program_in: Callable[[str], Program]) -> Told:
    fails = {"job": "*merge", "state": "FAILED"}
    one_workspace.play(tasks=[fails | {"error": text, "occurrence": n} for n, text in enumerate(FAULTS, start=1)])
    program = program_in("faults")
    # The writer stands in a later layer, so that it has not run when its table is missed.
    writer = Job("semantic", sql(f"CREATE TABLE {PRICES} (sale_id INT, amount INT)"))
    bundle = make_bundle(program.folder, "three-faults", {"merge": Job("gold_merge", sql(MERGE)), "sales": writer})
    waiting = program.run("operate", str(bundle.folder), "--answer-wait", "0", "--output", "json")
    story = program.story()
    first = tuple(story.events)
    answer = program.run("answer", story.open_questions[0].id, "stop")
    return Told(story, first, waiting, answer, program.run("operate", "--resume", story.id, "--output", "json"))


def test_three_different_faults_end_in_an_escalation_after_exactly_three_runs(told: Told) -> None:
    assert told.story.started.count("jobs.merge") == 3
    assert [event.resource for event in told.first if event.event == Event.RESOURCE_ESCALATED] == ["jobs.merge"]
    assert "still failing after 3 iterations" in told.story.all(Event.QUESTION_ASKED)[0]["title"]


def test_each_fault_is_diagnosed_as_what_it_is(told: Told) -> None:
    codes = [one.data["diagnosis"]["code"] for one in told.first if one.event == Event.FAILURE_DIAGNOSED]
    assert codes == ["merge-duplicate-source-rows", "table-or-view-not-found", "unknown-error"]


def test_a_question_without_an_answer_ends_with_exit_code_4_and_one_json_document(told: Told) -> None:
    assert told.waiting.exit_code == 4, told.waiting
    assert (told.waiting.document["verdict"], told.waiting.document["exit_code"]) == ("waiting", 4)
    assert "jobs.merge #3 ended: failed" in told.waiting.stderr


def test_an_answer_says_how_the_operation_goes_on(told: Told) -> None:
    assert told.answer.exit_code == 0, told.answer
    assert f"bundleops operate --resume {told.story.id}" in told.answer.stdout
    assert told.story.all(Event.QUESTION_ANSWERED)[0]["by"] == "developer@sandbox.local"


def test_after_the_answer_stop_the_resumed_operation_ends_as_escalated_and_starts_nothing(told: Told) -> None:
    assert told.stopped.exit_code == 1, told.stopped
    assert (told.stopped.document["verdict"], told.stopped.document["exit_code"]) == ("escalated", 1)
    assert "started:" not in told.stopped.stderr
