from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from operations.events import Event
from tests.flows.bundle_maker import Job, make_bundle
from tests.flows.program import Program
from tests.flows.services import ScriptedWorkspace
from tests.flows.terminal import at_terminal

EMPTY = "ValueError: the delivery is empty \x1b[31m\x1b]0;owned\x07"


@pytest.fixture
def program(program_in: Callable[[str], Program], request: pytest.FixtureRequest) -> Program:
    return program_in(str(request.node.name)[:40])


@pytest.fixture
def bundle(tmp_path: Path, workspace: ScriptedWorkspace) -> str:
    """A bundle whose one job fails the first time."""
    workspace.fail("load", EMPTY, 1)
    return str(make_bundle(tmp_path, "asked-here", {"load": Job("bronze")}).folder)


def test_a_person_at_the_terminal_is_asked_there_and_the_operation_goes_on(program: Program, bundle: str) -> None:
    with at_terminal("operate", bundle, environment=program.waiting_environment) as terminal:
        seen = terminal.shows("Likely cause", "1. run_again", "Your answer (1-3")
        assert "\x1b]0;owned" not in seen
        terminal.types("perhaps")
        terminal.shows("Say a number from 1 to 3")
        terminal.types("1")
        terminal.shows("A note for the report")
        terminal.types("delivered anew")
        terminal.shows("answered: run_again", "by developer@sandbox.local", "verified: 1 resources verified")
        assert terminal.ends() == 0
    given = program.story().all(Event.QUESTION_ANSWERED)[0]
    assert (given["option"], given["note"], given["source"]) == ("run_again", "delivered anew", "terminal")


def test_an_answer_from_elsewhere_ends_the_prompt(program: Program, bundle: str) -> None:
    with at_terminal("operate", bundle, environment=program.waiting_environment) as terminal:
        terminal.shows("Your answer (1-3")
        program.story().answer("stop")
        terminal.shows("was answered elsewhere: stop, by pat")
        assert terminal.ends() == 1


def test_enter_leaves_a_question_open_and_ctrl_c_ends_as_ever(program: Program, bundle: str) -> None:
    with at_terminal("operate", bundle, environment=program.waiting_environment) as terminal:
        terminal.shows("Your answer (1-3")
        terminal.types("")
        terminal.shows("It stays open")
        terminal.presses_ctrl_c()
        terminal.shows("Interrupted.", "Go on with: bundleops operate --resume")
        assert terminal.ends() == 130
    assert "Traceback" not in terminal.screen
    assert [question.status for question in program.story().open_questions] == ["open"]


def test_ctrl_c_at_the_prompt_interrupts_the_operation(program: Program, bundle: str) -> None:
    with at_terminal("operate", bundle, environment=program.waiting_environment) as terminal:
        terminal.shows("Your answer (1-3")
        terminal.presses_ctrl_c()
        assert terminal.ends() == 130
    assert program.story().verdict == "interrupted"
