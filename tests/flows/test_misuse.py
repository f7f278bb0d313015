"""Whoever forges, hurries or crashes: nothing is destroyed without a valid answer, and no question is lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from operations.events import Event
from operations.question import Answer, Question
from tests.flows.destroying import Deployed
from tests.flows.program import End, Program
from tests.flows.services import ScriptedWorkspace, eventually, fill_in, paused_run
from tests.flows.story import Story

NOBODY = {"DATABRICKS_HOST": "", "DATABRICKS_TOKEN": ""}
"""A terminal without credentials: who sits there cannot prove anything."""


@dataclass(frozen=True)
class Asked:
    """A destroy by the command line that has asked and ended, waiting."""

    deployed: Deployed
    program: Program
    story: Story

    @property
    def question(self) -> Question:
        (one,) = self.story.open_questions
        return one

    def resume(self) -> End:
        return self.program.run("destroy", "--resume", self.story.id)

    def assert_untouched(self) -> None:
        """Nothing is destroyed, and somebody can still be asked."""
        end = self.resume()
        assert end.exit_code == 4, end
        assert (self.deployed.jobs, self.deployed.destroys) == (["load", "merge"], 0)
        assert len(self.story.open_questions) == 1


@pytest.fixture
def asked(tmp_path: Path, state: Path, workspace: ScriptedWorkspace, program_in: Callable[[str], Program]) -> Asked:
    del state
    name = tmp_path.name.removeprefix("test_").replace("_", "-")
    deployed, program = Deployed(workspace, tmp_path, name, ("load", "merge")), program_in(name)
    program = program.using(BUNDLEOPS_CLI=deployed.cli)
    assert program.run("destroy", str(deployed.bundle.folder)).exit_code == 4
    return Asked(deployed, program, program.story())


def forge(asked: Asked, answer: Answer) -> None:
    """Write an answer to the open question past the store, as somebody could who reaches its file."""
    identifier = asked.question.id
    with closing(sqlite3.connect(asked.program.state / "questions.sqlite3")) as connection, connection:
        row = (identifier, answer.option, answer.model_dump_json())
        connection.execute("INSERT INTO answers (question, option, document) VALUES (?, ?, ?)", row)
        connection.execute("UPDATE questions SET status = 'answered' WHERE id = ?", (identifier,))


def test_an_approval_by_somebody_who_proves_nothing_is_refused_and_the_question_stays(asked: Asked) -> None:
    identifier = asked.question.id
    end = asked.program.run("answer", identifier, "approve", **NOBODY)
    assert end.exit_code == 2, end
    assert "--profile" in end.stderr
    assert asked.question.id == identifier
    assert [row.change for row in asked.story.store.audit(identifier)] == ["asked", "refused"]
    asked.assert_untouched()


def test_an_approval_by_somebody_who_is_no_approver_is_refused(asked: Asked) -> None:
    only_ann = asked.program.using(BUNDLEOPS_APPROVERS="ann@example.com")
    assert only_ann.run("destroy", "--resume", asked.story.id).exit_code == 4
    end = only_ann.run("answer", asked.question.id, "approve")
    assert end.exit_code == 2, end
    assert "ann@example.com" in end.stderr
    asked.assert_untouched()


def test_a_reject_needs_no_proof(asked: Asked) -> None:
    assert asked.program.run("answer", asked.question.id, "reject", **NOBODY).exit_code == 0
    assert asked.resume().exit_code == 1
    assert (asked.story.verdict, asked.deployed.destroys) == ("rejected", 0)


def test_an_unverified_approval_that_was_written_past_the_store_counts_for_nothing(asked: Asked) -> None:
    forge(asked, Answer(question=asked.question.id, option="approve", by="pat", source="terminal"))
    asked.assert_untouched()


def test_an_approval_of_another_question_counts_for_nothing(asked: Asked) -> None:
    forge(asked, Answer(question="q-other", option="approve", by="pat", verified=True, source="terminal"))
    asked.assert_untouched()


def test_an_approval_that_expired_counts_for_nothing(asked: Asked) -> None:
    asked.story.answer("approve")
    with closing(sqlite3.connect(asked.program.state / "questions.sqlite3")) as connection, connection:
        (document,) = connection.execute("SELECT document FROM questions").fetchone()
        late = Question.model_validate_json(document).model_copy(update={"deadline": datetime(2026, 1, 1, tzinfo=UTC)})
        row = (late.deadline.isoformat(timespec="microseconds"), late.model_dump_json())
        connection.execute("UPDATE questions SET deadline = ?, document = ?", row)
    asked.assert_untouched()


def test_prefects_form_takes_no_approval_that_it_does_not_offer(asked: Asked, prefect_api: str) -> None:
    waiting = asked.program.start("destroy", "--resume", asked.story.id, "--answer-wait", "300")
    run = waiting.until(lambda: paused_run(prefect_api, asked.deployed.bundle.folder, verb="destroy"))
    field = asked.question.id.replace("-", "_")
    values = {f"answer_{field}": "approve", f"note_{field}": ""}
    resumed = fill_in(prefect_api, run, values)
    assert resumed["status"] == "REJECT", resumed
    asked.story.answer("reject")
    assert waiting.end().exit_code == 1
    assert (asked.story.verdict, asked.deployed.destroys) == ("rejected", 0)


def test_an_answer_that_was_put_into_prefect_past_the_form_is_refused(asked: Asked, prefect_api: str) -> None:
    waiting = asked.program.start("destroy", "--resume", asked.story.id, "--answer-wait", "300")
    run = waiting.until(lambda: paused_run(prefect_api, asked.deployed.bundle.folder, verb="destroy"))
    identifier = asked.question.id
    values = f'{{"answer_{identifier.replace("-", "_")}": "approve"}}'
    forged = {"key": f"paused-{identifier}-response", "value": values, "sender": None}
    httpx.post(f"{prefect_api}/flow_runs/{run}/input", json=forged, timeout=30).raise_for_status()
    waiting.kill_group()
    asked.assert_untouched()
    assert any("Prefect's form" in note["text"] for note in asked.story.all(Event.NOTE))


def test_of_two_answers_the_first_counts(asked: Asked) -> None:
    identifier = asked.question.id
    assert asked.program.run("answer", identifier, "reject").exit_code == 0
    second = asked.program.run("answer", identifier, "approve")
    assert second.exit_code == 2, second
    assert "is answered already" in second.stderr
    asked.resume()
    assert eventually(lambda: asked.story.verdict) == "rejected"
    assert asked.deployed.destroys == 0
