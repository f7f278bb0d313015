"""A destroy that dies in the middle never acts twice on one approval, and never takes an end on trust."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from operations.events import Event
from tests.flows.destroying import Deployed
from tests.flows.program import End, Program
from tests.flows.services import ScriptedWorkspace
from tests.flows.story import Story


@dataclass(frozen=True)
class Approved:
    """A destroy by the command line that a person approved and nobody has carried out yet."""

    deployed: Deployed
    program: Program
    story: Story

    def resume(self, **variables: str) -> End:
        return self.program.run("destroy", "--resume", self.story.id, **variables)

    def die(self, when: str, event: str) -> End:
        return self.program.dying(when, event, "bundle", "destroy", "--resume", self.story.id)


@pytest.fixture
def approved(
    tmp_path: Path, state: Path, workspace: ScriptedWorkspace, program_in: Callable[[str], Program]
) -> Approved:
    del state
    name = tmp_path.name.removeprefix("test_").replace("_", "-")
    deployed, program = Deployed(workspace, tmp_path, name, ("load", "merge")), program_in(name)
    assert program.run("destroy", str(deployed.bundle.folder), BUNDLEOPS_CLI=deployed.cli).exit_code == 4
    story = program.story()
    story.answer("approve")
    return Approved(deployed, program, story)


def test_a_process_killed_right_after_the_approval_was_used_up_asks_anew(approved: Approved) -> None:
    assert approved.resume(KILL_DESTROYER="1").exit_code == -9
    assert approved.resume().exit_code == 4
    assert (approved.deployed.jobs, approved.deployed.destroys) == (["load", "merge"], 1)
    assert len(approved.story.all(Event.QUESTION_ASKED)) == 2


def test_the_question_asked_anew_can_be_approved(approved: Approved) -> None:
    approved.resume(KILL_DESTROYER="1")
    approved.resume()
    approved.story.answer("approve")
    assert approved.resume().exit_code == 0
    assert (approved.story.verdict, approved.deployed.jobs, approved.deployed.destroys) == ("destroyed", [], 2)


def test_a_process_killed_after_the_destroy_finds_everything_gone(approved: Approved) -> None:
    assert approved.die("before", "destroy_ended").exit_code == -9
    assert approved.resume().exit_code == 0
    assert (approved.story.verdict, approved.deployed.destroys) == ("destroyed", 1), "nothing was destroyed again"
    assert len(approved.story.all(Event.QUESTION_ASKED)) == 1


def test_a_process_killed_before_the_approval_was_used_up_goes_on_with_it(approved: Approved) -> None:
    assert approved.die("after", "destroy_started").exit_code == -9
    assert approved.resume().exit_code == 0
    assert (approved.story.verdict, approved.deployed.destroys) == ("destroyed", 1)
    assert len(approved.story.all(Event.QUESTION_ASKED)) == 1


def test_the_command_line_answers_and_reports_as_json(approved: Approved) -> None:
    end = approved.program.run("destroy", "--resume", approved.story.id, "--output", "json")
    document = end.document
    assert (end.exit_code, document["verdict"], document["operation"]) == (0, "destroyed", approved.story.id)
    assert Path(document["report"]).is_file()


def test_operate_does_not_resume_a_destroy(approved: Approved) -> None:
    end = approved.program.run("operate", "--resume", approved.story.id)
    assert end.exit_code == 2
    assert f"bundleops destroy --resume {approved.story.id}" in end.stderr
