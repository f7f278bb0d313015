"""A destroy is approved in Prefect's form by who got its one-time code, and the code is nowhere but in the message."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from operations.approval_policy import AnswerRefusedError
from operations.events import Event
from operations.one_time_codes import MAX_WRONG_CODES
from operations.question import Answer, Question
from tests.flows.destroying import Deployed
from tests.flows.inbox import Inbox, receiving
from tests.flows.program import Process, Program
from tests.flows.services import ScriptedWorkspace, eventually, fill_in, paused_run
from tests.flows.story import Story

ANN = "ann@example.com"
WRONG = "22222-22222"


@dataclass
class Asked:
    """A destroy that waits for an approval in Prefect's UI, and Ann's inbox."""

    api: str
    deployed: Deployed
    waiting: Process
    state: Path
    inbox: Inbox
    runs: list[str] = field(default_factory=list)

    def form(self, known: int) -> tuple[str, Story]:
        """Wait until a form that is newer than the known ones can be filled in; return its flow run and the story."""
        story = self.waiting.reached(lambda one: len(one.all(Event.PERSON_AWAITED)) > known)
        return self.waiting.until(lambda: paused_run(self.api, self.deployed.bundle.folder, verb="destroy")), story

    def submit(self, option: str, code: str) -> Story:
        """Fill in the form that is open now, as the UI does; Prefect has its schema a moment after the pause."""
        run, story = self.form(len(self.runs))
        values = values_of(story, option, code)
        eventually(lambda: fill_in(self.api, run, values).get("status") == "ACCEPT")
        self.runs.append(run)
        return story

    def refusal(self, option: str, code: str) -> str:
        """Fill in the form that is open now and return why Prefect does not take it."""
        run, story = self.form(len(self.runs))
        values = values_of(story, option, code)

        def look() -> str:
            said = fill_in(self.api, run, values)
            return str(said) if said.get("status") == "REJECT" and "schema not found" not in str(said) else ""

        return eventually(look)

    def code(self, question: Question) -> str:
        """The code that Ann was sent for a question."""
        message = eventually(lambda: self.inbox.about(question.id))
        (code,) = re.findall(r"code: (\S{5}-\S{5})", message["body"])
        return str(code)


def values_of(story: Story, option: str, code: str) -> dict[str, str]:
    """What a person enters in the form."""
    name = story.open_questions[-1].id.replace("-", "_")
    return {f"answer_{name}": option, f"code_{name}": code, f"note_{name}": ""}


@pytest.fixture
def ask(
    tmp_path: Path,
    state: Path,
    workspace: ScriptedWorkspace,
    prefect_api: str,
    program_in: Callable[[str], Program],
    request: pytest.FixtureRequest,
) -> Callable[[Inbox], Asked]:
    """Start a destroy that asks Ann."""
    del state
    name = str(request.node.name).removeprefix("test_").replace("_", "-")[:30]

    def start(inbox: Inbox) -> Asked:
        deployed, program = Deployed(workspace, tmp_path, name, ("load",)), program_in(name)
        program = program.using(
            BUNDLEOPS_CLI=deployed.cli,
            BUNDLEOPS_APPROVERS=f"{ANN},bob@example.com",
            BUNDLEOPS_SEND_CODES_TO=f"{ANN}=custom-webhook/ann, bob@example.com=slack-webhook/nobody",
            BUNDLEOPS_ANSWER_WAIT_SECONDS="300",
        )
        waiting = program.start("destroy", str(deployed.bundle.folder))
        return Asked(prefect_api, deployed, waiting, program.state, inbox)

    return start


def test_the_code_approves_after_a_mistyped_one_and_is_found_nowhere(
    ask: Callable[[Inbox], Asked], tmp_path: Path
) -> None:
    with receiving("ann") as inbox:
        asked = ask(inbox)
        story = asked.submit("approve", WRONG)
        (question,) = story.open_questions
        code = asked.code(question)
        asked.submit("approve", code)
        end = asked.waiting.end()
    assert (end.exit_code, asked.deployed.jobs, asked.deployed.destroys) == (0, [], 1)
    (given,) = story.all(Event.QUESTION_ANSWERED)
    assert (given["by"], given["verified"], given["proof"]) == (ANN, True, f"one-time code sent to {ANN}")
    trail = [(row.change, row.detail.partition(":")[0]) for row in story.store.audit(question.id)]
    assert [change for change, _ in trail] == ["asked", "code sent", "wrong code", "answered", "consumed"]
    assert any("bob@example.com" in note["text"] and "slack-webhook/nobody" in note["text"] for note in notes(story))
    assert "by ann&#64;example.com (verified: one-time code sent to ann&#64;example.com, prefect-ui)" in story.report
    assert_nowhere(code, asked, end.stdout + end.stderr, [tmp_path, asked.state])


def test_after_too_many_wrong_codes_the_form_approves_no_more(ask: Callable[[Inbox], Asked]) -> None:
    with receiving("ann") as inbox:
        asked = ask(inbox)
        _, story = asked.form(0)
        (question,) = story.open_questions
        guess = Answer(question=question.id, option="approve", by="somebody", source="prefect-ui")
        for _ in range(MAX_WRONG_CODES - 1):
            with pytest.raises(AnswerRefusedError):
                story.store.answer(guess, WRONG)
        asked.submit("approve", WRONG)
        refused = asked.refusal("approve", asked.code(question))
        assert f"'code_{question.id.replace('-', '_')}' was unexpected" in refused, "it takes no code any more"
        story.answer("reject")
        assert asked.waiting.end().exit_code == 1
    assert (story.verdict, asked.deployed.destroys) == ("rejected", 0)


def notes(story: Story) -> list[Any]:
    return list(story.all(Event.NOTE))


def assert_nowhere(code: str, asked: Asked, printed: str, folders: list[Path]) -> None:
    """Look for the code in what was printed, in every file of the operation, and in what Prefect's API tells."""
    spelled = (code, code.replace("-", ""))
    seen = [printed]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    seen += [path.read_bytes().decode("utf-8", "replace") for path in files]
    for run in set(asked.runs):
        flow_run = {"flow_runs": {"id": {"any_": [run]}}}
        for what in ("flow_runs", "task_runs", "artifacts"):
            seen.append(httpx.post(f"{asked.api}/{what}/filter", json=flow_run, timeout=30).text)
        inputs = httpx.post(f"{asked.api}/flow_runs/{run}/input/filter", json={"prefix": "paused", "limit": 100})
        assert inputs.json(), "the forms themselves are still there"
        seen.append(inputs.text)
    events = {"filter": {"event": {"prefix": ["bundleops.", "prefect."]}}, "limit": 50}
    seen.append(httpx.post(f"{asked.api}/events/filter", json=events, timeout=30).text)
    assert json.loads(seen[-1])["events"]
    assert not [text[:200] for text in seen if any(one in text for one in spelled)], code
