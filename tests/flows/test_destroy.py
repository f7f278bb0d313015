"""A destroy lists what is lost, asks, and deletes exactly what a person approved, once."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from flows.destroy import destroy_bundle
from operations.events import Event
from operations.question import Answer
from operations.store import StateStore
from tests.flows.destroying import Deployed
from tests.flows.services import ScriptedWorkspace, eventually
from tests.flows.story import Story, newest, operate
from workspace.errors import UsageError


@pytest.fixture
def deployed(tmp_path: Path, state: Path, workspace: ScriptedWorkspace, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    """A bundle with the jobs load and merge, deployed."""
    del state
    name = tmp_path.name.removeprefix("test_").replace("_", "-")
    one = Deployed(workspace, tmp_path, name, ("load", "merge"))
    monkeypatch.setenv("BUNDLEOPS_CLI", one.cli)
    return one


def test_an_approved_destroy_deletes_everything_and_verifies_it(state: Path, deployed: Deployed) -> None:
    story = deployed.asked(state)
    story.answer("approve")
    deployed.destroy(state, operation=story.id)
    assert (story.verdict, story.exit_code) == ("destroyed", 0)
    assert (deployed.jobs, deployed.destroys) == ([], 1)
    assert len(story.all(Event.BUNDLE_DESTROYED)) == 1


def test_the_question_shows_what_is_lost_and_what_silence_means(state: Path, deployed: Deployed) -> None:
    (question,) = deployed.asked(state).open_questions
    name = deployed.bundle.name
    assert f"jobs.{name}-load" in question.body
    assert f"jobs.{name}-merge" in question.body
    assert "Nothing is destroyed without an answer" in question.on_silence
    assert (question.action, [option.id for option in question.options]) == ("destroy_bundle", ["approve", "reject"])


def test_the_question_names_a_foreign_job_that_starts_one_of_the_jobs(state: Path, deployed: Deployed) -> None:
    deployed.create_foreign_job("nightly chain", "load")
    (question,) = deployed.asked(state).open_questions
    assert "nightly chain" in question.body


def test_silence_destroys_nothing(state: Path, deployed: Deployed) -> None:
    story = deployed.asked(state)
    deployed.destroy(state, operation=story.id)
    assert (story.verdict, story.exit_code) == ("waiting", 4)
    assert (deployed.jobs, deployed.destroys) == (["load", "merge"], 0)


def test_a_rejected_destroy_deletes_nothing_and_says_so(state: Path, deployed: Deployed) -> None:
    story = deployed.asked(state)
    story.answer("reject")
    deployed.destroy(state, operation=story.id)
    assert (story.verdict, story.exit_code) == ("rejected", 1)
    assert (deployed.jobs, deployed.destroys) == (["load", "merge"], 0)
    assert "a person said not to destroy this" in story.report


@pytest.mark.parametrize("change", ["added", "gone"])
def test_an_approval_is_void_when_a_resource_was_added_or_is_gone(state: Path, deployed: Deployed, change: str) -> None:
    story = deployed.asked(state)
    story.answer("approve")
    if change == "added":
        deployed.add_job("late")
    else:
        deployed.delete_job("merge")
    deployed.destroy(state, operation=story.id)
    assert (story.verdict, deployed.destroys) == ("waiting", 0)
    assert len(story.all(Event.QUESTION_ASKED)) == 2


def test_the_fresh_question_can_be_approved(state: Path, deployed: Deployed) -> None:
    story = deployed.asked(state)
    story.answer("approve")
    deployed.add_job("late")
    deployed.destroy(state, operation=story.id)
    assert f"jobs.{deployed.bundle.name}-late" in story.open_questions[0].body
    story.answer("approve")
    deployed.destroy(state, operation=story.id)
    assert (story.verdict, deployed.jobs, deployed.destroys) == ("destroyed", [], 1)


def test_the_first_of_two_answers_counts(state: Path, deployed: Deployed) -> None:
    story = deployed.asked(state)
    (question,) = story.open_questions
    story.answer("reject")
    with pytest.raises(UsageError, match="is answered already"):
        story.store.answer(Answer(question=question.id, option="approve", by="eve", source="terminal"))
    deployed.destroy(state, operation=story.id)
    assert (story.verdict, deployed.destroys) == ("rejected", 0)


def test_one_approval_of_one_operation_serves_no_other(state: Path, deployed: Deployed) -> None:
    deployed.asked(state).answer("approve")
    other = deployed.destroy(state)
    assert (other.verdict, deployed.destroys) == ("waiting", 0)


def test_nothing_deployed_is_nothing_to_destroy(state: Path, deployed: Deployed) -> None:
    story = deployed.asked(state)
    story.answer("approve")
    deployed.destroy(state, operation=story.id)
    again = deployed.destroy(state)
    assert (again.verdict, again.exit_code, deployed.destroys) == ("nothing_deployed", 0, 1)
    assert not again.all(Event.QUESTION_ASKED)


def test_a_dry_run_lists_and_neither_asks_nor_destroys(state: Path, deployed: Deployed) -> None:
    story = deployed.destroy(state, dry_run=True)
    assert (story.verdict, story.exit_code, deployed.destroys) == ("planned", 0, 0)
    assert len(story.all(Event.LOSSES_LISTED)[0]["losses"]["resources"]) == 2
    assert not story.all(Event.QUESTION_ASKED)


def test_the_report_lists_what_is_gone(state: Path, deployed: Deployed) -> None:
    story = deployed.asked(state)
    story.answer("approve")
    deployed.destroy(state, operation=story.id)
    assert f"jobs.{deployed.bundle.name}-load" in story.report
    document = json.loads((story.folder.reports_dir / "report.json").read_text())
    assert (document["destroy"]["started"], document["destroy"]["remains"]["resources"]) == (True, [])


def test_a_destroy_that_fails_says_what_is_left_and_asks_before_it_tries_again(
    state: Path, deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = deployed.asked(state)
    story.answer("approve")
    monkeypatch.setenv("FAIL_DESTROY", "1")
    deployed.destroy(state, operation=story.id)
    assert (story.verdict, story.exit_code) == ("failed", 1)
    assert "still there" in story.report
    monkeypatch.delenv("FAIL_DESTROY")
    deployed.destroy(state, operation=story.id)
    assert (story.verdict, deployed.destroys) == ("waiting", 1)


def test_a_destroy_operation_is_not_resumed_as_another_kind(state: Path, deployed: Deployed) -> None:
    story = deployed.asked(state)
    before = len(story.events)
    operate(state, deployed.bundle, operation=story.id)
    assert len(story.events) == before, "nothing was done, and nothing was journalled"


def test_the_tables_of_a_pipeline_are_listed_and_looked_for_after_the_destroy(
    tmp_path: Path, state: Path, workspace: ScriptedWorkspace
) -> None:
    deployed = Deployed(workspace, tmp_path, "with-pipeline", (), pipelines=("clean",))
    story = deployed.asked(state)
    assert "`main.silver.a`" in story.open_questions[0].body
    story.answer("approve")
    deployed.destroy(state, operation=story.id)
    # The scripted workspace finds every table; on Databricks those of a deleted pipeline vanish with a delay.
    assert story.all(Event.BUNDLE_DESTROYED)[0]["remains"]["tables"] == ["main.silver.a"]
    assert story.verdict == "destroyed"


@pytest.mark.parametrize(("option", "verdict", "destroys"), [("approve", "destroyed", 1), ("reject", "rejected", 0)])
def test_an_answer_that_comes_while_it_waits_is_acted_on(
    state: Path, deployed: Deployed, monkeypatch: pytest.MonkeyPatch, option: str, verdict: str, destroys: int
) -> None:
    monkeypatch.setenv("BUNDLEOPS_ANSWER_WAIT_SECONDS", "60")
    person = threading.Thread(target=lambda: eventually(lambda: waiting(state)).answer(option))
    person.start()
    story = deployed.destroy(state)
    person.join()
    assert (story.verdict, deployed.destroys) == (verdict, destroys)


def test_silence_until_the_deadline_destroys_nothing(
    state: Path, deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUNDLEOPS_ANSWER_WAIT_SECONDS", "1")
    story = deployed.destroy(state)
    assert (story.verdict, story.exit_code, deployed.destroys) == ("waiting", 4, 0)


def test_a_retried_flow_run_goes_on_with_its_operation_and_destroys_once(
    tmp_path: Path, state: Path, deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUNDLEOPS_ANSWER_WAIT_SECONDS", "60")
    (tmp_path / "fail-once").touch()
    person = threading.Thread(target=lambda: eventually(lambda: waiting(state)).answer("approve"))
    person.start()
    destroy_bundle.with_options(retries=1)(str(deployed.bundle.folder), "dev", return_state=True)
    person.join()
    assert [end["verdict"] for end in newest(state).all(Event.OPERATION_ENDED)] == ["failed", "destroyed"]
    assert (len(StateStore(state).list()), deployed.destroys) == (1, 1)


def waiting(state: Path) -> Story | None:
    """The newest operation, once it has asked."""
    begun = state.is_dir() and StateStore(state).list()
    story = newest(state) if begun else None
    return story if story and story.open_questions else None
