from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from operations.events import Event
from tests.flows.bundle_maker import Job, make_bundle
from tests.flows.program import End, Program
from tests.flows.services import ScriptedWorkspace, paused_run, prefect_server
from tests.flows.story import Story


@dataclass(frozen=True)
class Met:
    """One operation that waits for a person, and what became of others on the same bundle and target meanwhile."""

    first: Story
    same_id: End
    same_machine: End
    other_machine: End
    waited_for: list[str]
    first_end: End
    patient: End


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory, one_workspace: ScriptedWorkspace) -> Iterator[Program]:
    """The command line of another machine, with a Prefect server of its own."""
    with prefect_server(tmp_path_factory.mktemp("other-prefect")) as other_api:
        yield Program(one_workspace, other_api, tmp_path_factory.mktemp("elsewhere"))


@pytest.fixture(scope="module")
def met(
    one_workspace: ScriptedWorkspace, prefect_api: str, program_in: Callable[[str], Program], elsewhere: Program
) -> Met:
    one_workspace.fail("load", "ValueError: the delivery is empty", 1)
    here = program_in("here")
    bundle = make_bundle(here.folder, "contested", {"load": Job("bronze")})
    operate = ("operate", str(bundle.folder))
    running = here.start(*operate, "--answer-wait", "300")
    first = running.reached(lambda _story: paused_run(prefect_api, bundle.folder))
    same_id = here.run("operate", "--resume", first.id)
    same_machine = here.run(*operate, BUNDLEOPS_LOCK_WAIT_SECONDS="0")
    other_machine = elsewhere.run(*operate, BUNDLEOPS_LOCK_WAIT_SECONDS="0")
    waiting = elsewhere.start(*operate)
    patient = waiting.reached(lambda story: story.all(Event.NOTE))
    waited_for = [note["text"] for note in patient.all(Event.NOTE)]
    first.answer("run_again")
    return Met(first, same_id, same_machine, other_machine, waited_for, running.end(), waiting.end())


def test_a_second_process_on_the_same_operation_is_refused_and_told_which_process_has_it(met: Met) -> None:
    assert met.same_id.exit_code == 1, met.same_id
    assert f"bundleops: Operation {met.first.id} is being worked on by process" in met.same_id.stderr
    assert "resume the operation" in met.same_id.stderr


def test_a_second_operation_on_the_same_machine_is_refused_after_its_wait_and_told_which_one_is_there(
    met: Met,
) -> None:
    assert met.same_machine.exit_code == 1, met.same_machine
    assert f"is being operated by operation {met.first.id}. Wait for its end" in met.same_machine.stderr


def test_a_second_operation_from_another_machine_is_refused_after_its_wait_and_told_who_holds_the_target(
    met: Met,
) -> None:
    # Another state directory is as good as another machine: only the lock file in the workspace is common to both.
    assert met.other_machine.exit_code == 1, met.other_machine
    told = met.other_machine.stdout + met.other_machine.stderr
    assert f"The target is held by developer@sandbox.local: operation {met.first.id} on" in told
    assert "Wait for its end" in told


def test_nobody_who_is_refused_starts_anything_or_prints_a_traceback(met: Met) -> None:
    for end in (met.same_id, met.same_machine, met.other_machine):
        assert "started" not in end.stdout
        assert "Traceback" not in end.stdout + end.stderr


def test_a_second_operation_waits_says_for_whom_and_goes_on_after_the_end_of_the_first(met: Met) -> None:
    assert any(f"operation {met.first.id}" in text for text in met.waited_for)
    assert (met.first_end.exit_code, met.patient.exit_code) == (0, 0), (met.first_end, met.patient)


def test_the_first_operation_does_not_notice_the_others(met: Met) -> None:
    assert met.first.started == ["jobs.load", "jobs.load"]
    assert [end["verdict"] for end in met.first.all(Event.OPERATION_ENDED)] == ["verified"]
