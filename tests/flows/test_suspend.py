from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from operations.events import Event
from tests.flows.bundle_maker import Job, make_bundle
from tests.flows.program import Program
from tests.flows.services import ScriptedWorkspace, environment_of, eventually, fill_in
from tests.flows.serving import prefect, serving
from tests.flows.story import Story, newest
from workspace.errors import StateError

WAIT = {"BUNDLEOPS_SUSPEND_AFTER_SECONDS": "0", "BUNDLEOPS_ANSWER_WAIT_SECONDS": "300"}


@dataclass(frozen=True)
class Deployed:
    """A served bundle whose questions suspend the flow run."""

    api: str
    state: Path
    bundle: Path

    def start(self) -> Story:
        """Start the deployment and return its operation as soon as the flow run is suspended."""
        assert prefect("deployment", "run", "operate-bundle/patient-dev").returncode == 0
        eventually(lambda: self.runs("Suspended"), seconds=90)
        story = newest(self.state)
        eventually(lambda: is_left(story))
        return story

    def runs(self, *names: str) -> list[dict[str, Any]]:
        """The flow runs on this bundle whose state has one of these names."""
        flow_runs = {"name": {"any_": [f"operate {self.bundle.name} on dev"]}, "state": {"name": {"any_": list(names)}}}
        found = httpx.post(f"{self.api}/flow_runs/filter", json={"flow_runs": flow_runs}, timeout=30).json()
        return list(found)

    def ends_well(self, story: Story) -> bool:
        """Wait for the end of the one flow run that was suspended."""
        eventually(lambda: not self.runs("Suspended") and story.all(Event.OPERATION_ENDED)[-1:], seconds=30)
        eventually(lambda: story.verdict == "verified", seconds=90)
        return story.started == ["jobs.load", "jobs.load"]


def is_left(story: Story) -> bool:
    """Tell whether no process works on the operation."""
    try:
        with story.folder.claim():
            return True
    except StateError:
        return False


@pytest.fixture(scope="module")
def deployed(
    tmp_path_factory: pytest.TempPathFactory, one_workspace: ScriptedWorkspace, prefect_api: str
) -> Iterator[Deployed]:
    folder = tmp_path_factory.mktemp("patient")
    bundle = make_bundle(folder, "patient", {"load": Job("bronze")})
    environment = dict(environment_of(one_workspace, prefect_api, folder / "state")) | WAIT
    with serving(folder, environment, bundle):
        yield Deployed(prefect_api, folder / "state", bundle.folder)


@pytest.fixture
def program(deployed: Deployed, program_in: Callable[[str], Program], request: pytest.FixtureRequest) -> Program:
    """A person's terminal, on the state directory of the deployment."""
    return program_in(str(request.node.name)).on(deployed.state)


@pytest.fixture(autouse=True)
def one_fault(one_workspace: ScriptedWorkspace) -> None:
    one_workspace.fail("load", "ValueError: the delivery is empty", 1)


def test_a_long_wait_suspends_the_flow_run_and_the_form_resumes_it(deployed: Deployed) -> None:
    story = deployed.start()
    assert (story.verdict, story.exit_code) == ("waiting", 4)
    identifier = story.open_questions[0].id.replace("-", "_")
    run = deployed.runs("Suspended")[0]["id"]
    filled_in = {f"answer_{identifier}": "run_again", f"note_{identifier}": "delivered anew"}
    assert fill_in(deployed.api, run, filled_in)["status"] == "ACCEPT"
    assert deployed.ends_well(story)
    given = story.all(Event.QUESTION_ANSWERED)[0]
    assert (given["by"], given["verified"], given["note"]) == ("unverified (Prefect UI)", False, "delivered anew")


def test_an_answer_at_the_terminal_resumes_a_suspended_flow_run(deployed: Deployed, program: Program) -> None:
    story = deployed.start()
    end = program.run("answer", story.open_questions[0].id, "run_again")
    assert end.exit_code == 0, end
    assert "The suspended flow run" in end.stdout
    assert deployed.ends_well(story)
    assert story.all(Event.QUESTION_ANSWERED)[0]["by"] == "developer@sandbox.local"


def test_a_suspended_operation_keeps_its_target_and_says_so(deployed: Deployed, program: Program) -> None:
    story = deployed.start()
    other = program.run("operate", str(deployed.bundle), BUNDLEOPS_LOCK_WAIT_SECONDS="0")
    assert other.exit_code == 1, other
    assert f"operation {story.id}" in other.stdout
    assert "is suspended and waits for a person until" in other.stdout
    program.run("answer", story.open_questions[0].id, "stop")
    eventually(lambda: story.verdict == "escalated", seconds=90)
    again = program.run("operate", str(deployed.bundle), BUNDLEOPS_LOCK_WAIT_SECONDS="0")
    assert again.exit_code == 0, again
