"""A run that may have done its work is not repeated by itself; one that could not be started failed like any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from operations.events import Event
from tests.flows.bundle_maker import Job, make_bundle
from tests.flows.story import operate
from workspace.errors import WorkspaceRequestError
from workspace.services import jobs

REFUSED = WorkspaceRequestError("ann has no permission to run job 7 (403 PERMISSION_DENIED)", status=403)


def refuse(*_arguments: Any, **_options: Any) -> None:
    raise REFUSED


def test_a_success_whose_output_is_refused_is_asked_about_and_not_run_again(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = make_bundle(tmp_path, "unread", {"load": Job("bronze"), "merge": Job("gold_merge")})
    with monkeypatch.context() as refusing:
        refusing.setattr("workspace.services.task_outputs.get_json", refuse)
        story = operate(state, bundle)
    assert (story.started, story.all(Event.FIX_PLANNED), story.exit_code) == (["jobs.load"], [], 4)
    assert "could not be read" in story.open_questions[0].title
    operate(state, bundle, operation=story.id)
    assert (story.started, story.verdict) == (["jobs.load", "jobs.merge"], "verified"), "nothing is run twice"
    assert not story.open_questions


def test_a_refused_start_is_diagnosed_and_asked_about(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = make_bundle(tmp_path, "refused", {"load": Job("bronze"), "other": Job("bronze")})
    start = jobs.start_run

    def refuse_load(*arguments: Any, **options: Any) -> Any:
        return refuse() if options["resource"] == "jobs.load" else start(*arguments, **options)

    with monkeypatch.context() as refusing:
        refusing.setattr("tasks.start_run.jobs.start_run", refuse_load)
        story = operate(state, bundle)
    assert (story.started, story.exit_code) == (["jobs.other"], 4), "the sibling still runs"
    assert story.all(Event.FAILURE_DIAGNOSED)[0]["diagnosis"]["code"] == "permission-denied"
    story.answer("run_again")
    operate(state, bundle, operation=story.id)
    assert (story.started, story.verdict) == (["jobs.other", "jobs.load"], "verified")


def test_a_target_that_cannot_be_freed_changes_nothing_about_the_end(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.hold_operation.unlock_target", refuse)
    story = operate(state, make_bundle(tmp_path, "not-freed", {"load": Job("bronze")}))
    assert (story.verdict, story.exit_code) == ("verified", 0)
    assert "could not be released" in story.all(Event.NOTE)[-1]["text"]
