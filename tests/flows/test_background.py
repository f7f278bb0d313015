"""Operations in the background: started, followed from elsewhere, and canceled with or without their runs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from operations.events import Event
from operations.records import Records
from tests.flows.bundle_maker import Bundle, Job, make_bundle
from tests.flows.program import End, Program
from tests.flows.services import ScriptedWorkspace, eventually
from tests.flows.story import Story
from workspace.lock import LOCK_NAME

OPTIONS = ("--output", "json")


@pytest.fixture
def program(program_in: Callable[[str], Program]) -> Program:
    return program_in("background")


def bundle_in(program: Program, name: str, *jobs: str) -> Bundle:
    return make_bundle(program.folder, name, {job: Job("bronze") for job in jobs})


def detached(program: Program, bundle: Bundle) -> Story:
    """Start an operation in the background and return it as soon as its first run goes on."""
    end = program.run("operate", str(bundle.folder), "--detach", *OPTIONS)
    assert (end.exit_code, end.document["verdict"]) == (0, "started"), end
    story = program.story(end.document["operation"])
    eventually(lambda: story.started)
    return story


def is_left(story: Story) -> bool:
    return story.folder.worked_on_by() is None


def test_an_operation_in_the_background_is_followed_to_its_end(workspace: ScriptedWorkspace, program: Program) -> None:
    workspace.play(tasks=[{"job": "*slow", "seconds": 2}])
    story = detached(program, bundle_in(program, "followed", "slow"))
    end = program.run("operations", "follow", story.id, *OPTIONS)
    assert (end.exit_code, end.document["verdict"]) == (0, "verified"), end
    assert "jobs.slow #1 verified" in end.stderr
    log = story.folder.path / "detached.log"
    assert "jobs.slow #1 verified" in log.read_text(encoding="utf-8")
    assert log.stat().st_mode & 0o077 == 0


def test_a_bundle_that_cannot_be_loaded_is_refused_before_anything_is_started(program: Program) -> None:
    bundle = bundle_in(program, "broken", "a")
    (bundle.folder / "databricks.yml").write_text("bundle: [", encoding="utf-8")
    end = program.run("operate", str(bundle.folder), "--detach")
    assert end.exit_code == 3, end
    assert not (program.story().folder.path / "detached.log").exists()


@pytest.mark.parametrize(("option", "state"), [("--cancel-runs", "TERMINATED"), ("--keep-runs", "RUNNING")])
def test_a_canceled_operation_leaves_the_target_free_and_its_runs_as_was_said(
    workspace: ScriptedWorkspace, program: Program, option: str, state: str
) -> None:
    name = f"canceled{option[:6]}"
    workspace.play(tasks=[{"job": f"*{name}", "seconds": 600}])
    story = detached(program, bundle_in(program, name, name))
    end = program.run("operations", "cancel", story.id, option)
    assert end.exit_code == 0, end
    assert is_left(story)
    assert (story.verdict, "It can be resumed" in story.all(Event.OPERATION_ENDED)[-1]["reason"]) == ("canceled", True)
    assert workspace.file(lock_of(story)) is None
    eventually(lambda: workspace.runs(name)[0]["state"]["life_cycle_state"] == state)
    again = program.run("operations", "cancel", story.id)
    assert (again.exit_code, "nothing to cancel" in again.stderr) == (2, True)


def test_canceling_takes_back_what_is_asked(workspace: ScriptedWorkspace, program: Program) -> None:
    workspace.fail("asking", "ValueError: the delivery is empty")
    bundle = bundle_in(program, "asking", "asking")
    waiting: End = program.run("operate", str(bundle.folder))
    assert waiting.exit_code == 4, waiting
    story = program.story()
    assert story.open_questions
    assert program.run("operations", "cancel", story.id).exit_code == 0
    assert not story.open_questions
    assert story.all(Event.QUESTION_SETTLED)[-1]["reason"] == "the operation was canceled"


def lock_of(story: Story) -> str:
    """Where the lock of the operation's target is in the workspace."""
    root = Records(story.folder.request()).bundle().remote_root
    return f"{root}/{LOCK_NAME}"
