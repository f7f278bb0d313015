"""A deploy that was killed leaves the CLI's lock behind; it is forced only with a person's approval of exactly that."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from operations.events import Event
from operations.records import Records
from tests.flows.bundle_maker import Bundle, Job, make_bundle
from tests.flows.program import Program
from tests.flows.services import ScriptedWorkspace
from tests.flows.story import Story

MakeProgram = Callable[[str], Program]


class Killed:
    """An operation whose process was killed in the middle of its first deploy."""

    def __init__(self, program: Program, bundle: Bundle, workspace: ScriptedWorkspace) -> None:
        program.dying("after", Event.DEPLOY_STARTED, "", "operate", str(bundle.folder))
        self.program, self.workspace, self.story = program, workspace, program.story()
        resolved = Records(self.story.folder.request()).bundle()
        self.user, self.lock = resolved.user, f"{resolved.state_root}/deploy.lock"

    def leave_lock(self, user: str | None = None, identifier: str = "a") -> None:
        at = datetime.now(UTC).isoformat()
        body = {"ID": identifier, "AcquisitionTime": at, "IsForced": False, "User": user or self.user}
        self.workspace.put_file(self.lock, json.dumps(body).encode())

    def resume(self) -> int:
        return self.program.run("operate", "--resume", self.story.id).exit_code

    @property
    def asked(self) -> list[str]:
        return [question.action for question in self.story.open_questions]


@pytest.fixture
def killed(tmp_path: Path, workspace: ScriptedWorkspace, program_in: MakeProgram) -> Killed:
    name = tmp_path.name.removeprefix("test_").replace("_", "-")
    # Without healing nobody waits for somebody else's deploy to end.
    program = program_in(name).using(BUNDLEOPS_HEAL="off")
    return Killed(program, make_bundle(program.folder, name, {"load": Job("bronze")}), workspace)


def deploys(story: Story) -> int:
    return len(story.all(Event.BUNDLE_DEPLOYED))


def test_an_approved_lock_is_forced_and_the_operation_goes_on(killed: Killed) -> None:
    killed.leave_lock()
    assert (killed.resume(), killed.asked, deploys(killed.story)) == (4, ["force_lock"], 0)
    killed.story.answer("approve")
    assert (killed.resume(), deploys(killed.story)) == (0, 1)
    assert killed.workspace.file(killed.lock) is None


def test_an_approval_of_one_lock_does_not_force_the_next(killed: Killed) -> None:
    killed.leave_lock()
    assert killed.resume() == 4
    killed.story.answer("approve")
    killed.leave_lock(identifier="b")
    assert (killed.resume(), killed.asked, deploys(killed.story)) == (4, ["force_lock"], 0)


def test_a_lock_of_somebody_else_is_never_offered_to_be_forced(killed: Killed) -> None:
    killed.leave_lock(user="alice@example.com")
    assert killed.resume() == 4
    assert killed.asked == ["escalation"]
    assert deploys(killed.story) == 0
