"""What a target's owner decides: resources that are left to people, a day's limits, the switch that stops it all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from operations.events import Event, JournalEvent
from operations.journal import Journal
from operations.stop_switch import StopSwitch
from tests.flows.bundle_maker import DUPLICATES, MERGE, Bundle, Job, make_bundle, sql
from tests.flows.services import ScriptedWorkspace
from tests.flows.story import Story, newest, operate


def merging(parent: Path, name: str) -> Bundle:
    return make_bundle(parent, name, {"merge": Job("gold_merge", sql(MERGE))})


def test_an_excluded_resource_is_run_and_never_healed(
    tmp_path: Path, state: Path, workspace: ScriptedWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUNDLEOPS_EXCLUDED", "jobs.billing_*, jobs.mer*")
    workspace.fail("merge", DUPLICATES)
    story = operate(state, merging(tmp_path, "left-to-people"))
    assert (story.started, story.all(Event.FIX_PLANNED)) == (["jobs.merge"], [])
    assert "excluded from healing" in story.open_questions[0].title


def test_beyond_a_days_limit_a_safe_fix_needs_approval(
    tmp_path: Path, state: Path, workspace: ScriptedWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUNDLEOPS_FIXES_PER_DAY", "0")
    workspace.fail("merge", DUPLICATES)
    story = operate(state, merging(tmp_path, "limited"))
    (question,) = story.open_questions
    assert (question.action, story.all(Event.FIX_APPLIED)) == ("apply_fix", [])
    assert "0 may be without approval" in question.body


@pytest.mark.parametrize(
    ("stopped_at", "deployed", "started"),
    [(Event.DEPLOY_PLANNED, 0, []), (Event.RESOURCES_PLANNED, 1, []), (Event.FIX_PLANNED, 1, ["jobs.merge"])],
)
def test_the_stop_switch_ends_an_operation_before_its_next_change_and_it_can_go_on_later(
    tmp_path: Path, state: Path, workspace: ScriptedWorkspace, stopped_at: Event, deployed: int, started: list[str]
) -> None:
    workspace.fail("merge", DUPLICATES, 1)
    bundle = merging(tmp_path, f"stopped-{stopped_at.replace('_', '-')}")
    switch = StopSwitch(state)
    with switched_on(switch, stopped_at):
        story = stopped(state, bundle)
    assert (len(story.all(Event.BUNDLE_DEPLOYED)), story.started, story.all(Event.FIX_APPLIED)) == (
        deployed,
        started,
        [],
    )
    assert "stopped by ann" in story.all(Event.OPERATION_ENDED)[-1]["reason"]
    switch.lift()
    operate(state, bundle, operation=story.id)
    assert story.verdict == "verified"


def stopped(state: Path, bundle: Bundle) -> Story:
    operate(state, bundle)
    story = newest(state)
    assert story.exit_code == 1
    return story


@contextmanager
def switched_on(switch: StopSwitch, moment: Event) -> Iterator[None]:
    """Let somebody stop all operations right after this line of the journal."""
    append = Journal.append

    def append_and_stop(journal: Journal, event: str, *rest: Any, **data: Any) -> JournalEvent:
        line = append(journal, event, *rest, **data)
        if event == moment:
            switch.stop("ann", "month end")
        return line

    with mock.patch.object(Journal, "append", append_and_stop):
        yield
