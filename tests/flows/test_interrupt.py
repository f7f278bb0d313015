from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable

import pytest

from operations.events import Event
from tests.flows.bundle_maker import Job, make_bundle
from tests.flows.program import End, Program
from tests.flows.services import ScriptedWorkspace, paused_run

INTERRUPTED = 130


# One operation that is interrupted during a run and while a person is waited for, each by Ctrl-C and by SIGTERM.


@pytest.fixture(scope="module")
def interrupted(
    one_workspace: ScriptedWorkspace, prefect_api: str, program_in: Callable[[str], Program]
) -> tuple[Program, list[End]]:
    slow = {"seconds": 3.0}
    fault = {"job": "*check", "state": "FAILED", "error": "ValueError: the delivery is empty", "occurrence": 1}
    one_workspace.play(tasks=[{"job": "*load", **slow}, {"job": "*clean", **slow}, fault])
    program = program_in("interrupted")
    jobs = {"load": Job("bronze"), "clean": Job("silver"), "check": Job("gold_merge")}
    bundle = make_bundle(program.folder, "interrupted", jobs)
    process = program.start("operate", str(bundle.folder))
    story = process.reached(lambda story: "jobs.load" in story.started)
    ends = [process.signal(signal.SIGINT)]
    resume = ("operate", "--resume", story.id)
    process = program.start(*resume)
    process.until(lambda: "jobs.clean" in story.started)
    ends.append(process.signal(signal.SIGTERM))
    for number in (signal.SIGINT, signal.SIGTERM):
        process = program.start(*resume, "--answer-wait", "300")
        process.until(lambda: paused_run(prefect_api, bundle.folder))
        ends.append(process.signal(number))
    story.answer("run_again")
    return program, [*ends, program.run(*resume)]


@pytest.mark.parametrize("number", range(4), ids=["ctrl-c-in-run", "sigterm-in-run", "ctrl-c-asking", "sigterm-asking"])
def test_an_interrupt_ends_with_its_exit_code_and_says_how_to_go_on(
    interrupted: tuple[Program, list[End]], number: int
) -> None:
    program, ends = interrupted
    assert ends[number].exit_code == INTERRUPTED, ends[number]
    assert f"Go on with: bundleops operate --resume {program.story().id}" in ends[number].stdout
    assert "Traceback" not in ends[number].stdout + ends[number].stderr


def test_every_interrupt_is_in_the_journal(interrupted: tuple[Program, list[End]]) -> None:
    ends = interrupted[0].story().all(Event.OPERATION_ENDED)
    assert [end["verdict"] for end in ends] == ["interrupted"] * 4 + ["verified"]


def test_an_interrupted_operation_goes_on_to_its_end(interrupted: tuple[Program, list[End]]) -> None:
    program, ends = interrupted
    assert ends[-1].exit_code == 0, ends[-1]
    assert Counter(program.story().started) == {"jobs.load": 1, "jobs.clean": 1, "jobs.check": 2}
