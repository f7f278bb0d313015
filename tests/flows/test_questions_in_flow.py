from __future__ import annotations

import sys
import threading
from pathlib import Path

import httpx
import pytest

from operations.events import Event
from operations.question import Answer
from operations.records import Records
from operations.store import StateStore
from tests.flows.bundle_maker import DUPLICATES, MERGE, Bundle, Job, make_bundle, sql
from tests.flows.services import ScriptedWorkspace, eventually, fill_in, paused_run
from tests.flows.story import Story, newest, operate

ERROR = "ValueError: the delivery is empty"
WRITER = sql("CREATE TABLE main.silver.orders (id INT)")
READER = sql("SELECT * FROM main.silver.orders")


def two_jobs(parent: Path, name: str) -> Bundle:
    return make_bundle(parent, name, {"load": Job("bronze", WRITER), "orders": Job("silver", READER)})


def asked(state: Path) -> Story:
    """Wait until the operation that runs elsewhere asks a person."""

    def with_question() -> Story | None:
        if not state.is_dir() or not StateStore(state).list():
            return None
        story = newest(state)
        return story if story.open_questions else None

    return eventually(with_question)


def answering(state: Path, option: str) -> threading.Thread:
    """Answer the first question from another thread, as a person would from another terminal."""
    thread = threading.Thread(target=lambda: asked(state).answer(option))
    thread.start()
    return thread


def test_without_time_to_wait_the_operation_ends_with_the_question_open(
    tmp_path: Path, state: Path, workspace: ScriptedWorkspace
) -> None:
    workspace.fail("load", ERROR, 1)
    bundle = two_jobs(tmp_path, "later")
    story = operate(state, bundle)
    assert (story.verdict, story.exit_code, len(story.open_questions)) == ("waiting", 4, 1)
    story.answer("run_again")
    operate(state, bundle, operation=story.id)
    assert story.started == ["jobs.load", "jobs.load", "jobs.orders"], "the resumed operation uses the late answer"
    assert (story.verdict, story.exit_code) == ("verified", 0)


def test_an_answer_in_the_store_resumes_the_paused_flow(
    tmp_path: Path, state: Path, workspace: ScriptedWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUNDLEOPS_ANSWER_WAIT_SECONDS", "60")
    workspace.fail("load", ERROR)
    person = answering(state, "skip")
    story = operate(state, two_jobs(tmp_path, "skipped"))
    person.join()
    skipped = [event.resource for event in story.events if event.event == Event.RESOURCE_SKIPPED]
    assert skipped == ["jobs.load", "jobs.orders"], "what needs the skipped resource is skipped too"
    assert story.started == ["jobs.load"]


def test_stop_starts_nothing_more(
    tmp_path: Path, state: Path, workspace: ScriptedWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUNDLEOPS_ANSWER_WAIT_SECONDS", "60")
    workspace.fail("load", ERROR)
    person = answering(state, "stop")
    story = operate(state, two_jobs(tmp_path, "stopped"))
    person.join()
    assert story.started == ["jobs.load"]
    assert story.exit_code == 1


def test_an_answer_in_prefects_ui_is_taken_and_recorded_as_unverified(
    tmp_path: Path, state: Path, workspace: ScriptedWorkspace, prefect_api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUNDLEOPS_ANSWER_WAIT_SECONDS", "60")
    workspace.fail("load", ERROR, 1)
    bundle = two_jobs(tmp_path, "from-ui")
    person = threading.Thread(target=lambda: answer_in_ui(prefect_api, asked(state), bundle, "run_again"))
    person.start()
    story = operate(state, bundle)
    person.join()
    answer = story.all(Event.QUESTION_ANSWERED)[0]
    assert (answer["by"], answer["verified"], answer["source"]) == ("unverified (Prefect UI)", False, "prefect-ui")
    assert story.exit_code == 0


def answer_in_ui(api: str, story: Story, bundle: Bundle, option: str) -> None:
    """Fill in the form of the paused flow run, as Prefect's UI does."""
    name = f"operate {bundle.name} on dev"
    body = {"flow_runs": {"name": {"any_": [name]}, "state": {"type": {"any_": ["PAUSED"]}}}}
    (run,) = eventually(lambda: httpx.post(f"{api}/flow_runs/filter", json=body).json())
    field = story.open_questions[0].id.replace("-", "_")
    values = {f"answer_{field}": option, f"note_{field}": "mended"}

    def accepted() -> bool:
        # Prefect pauses the run a moment before it has stored the form's schema; until then it answers with an error.
        resumed = httpx.post(f"{api}/flow_runs/{run['id']}/resume", json={"run_input": values}, timeout=30)
        return bool(resumed.json().get("status") == "ACCEPT")

    eventually(accepted)


def test_all_questions_of_a_layer_are_answered_in_one_form(
    tmp_path: Path, state: Path, workspace: ScriptedWorkspace, prefect_api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUNDLEOPS_ANSWER_WAIT_SECONDS", "60")
    failing = {"state": "FAILED", "error": ERROR, "occurrence": 1}
    workspace.play(tasks=[{"job": "*left-out", **failing}, {"job": "*delivered-anew", **failing}])
    bundle = make_bundle(tmp_path, "two", {"left-out": Job("bronze"), "delivered-anew": Job("bronze")})
    said = {"jobs.left-out": "skip", "jobs.delivered-anew": "run_again"}

    def answer() -> None:
        run = eventually(lambda: paused_run(prefect_api, bundle.folder))
        story = newest(state)
        fields = {f"answer_{one.id.replace('-', '_')}": said[str(one.resource)] for one in story.open_questions}
        eventually(lambda: fill_in(prefect_api, run, fields).get("status") == "ACCEPT")

    person = threading.Thread(target=answer)
    person.start()
    story = operate(state, bundle)
    person.join()
    assert {
        event.resource: event.data["option"] for event in story.events if event.event == "question_answered"
    } == said
    assert story.verified == ["jobs.delivered-anew"]


def test_silence_until_the_deadline_acts_on_nothing(
    tmp_path: Path, state: Path, workspace: ScriptedWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUNDLEOPS_ANSWER_WAIT_SECONDS", "1")
    monkeypatch.setenv("BUNDLEOPS_HEAL", "propose")
    workspace.fail("merge", DUPLICATES)
    story = operate(state, make_bundle(tmp_path, "silence", {"merge": Job("gold_merge", sql(MERGE))}))
    assert (story.verdict, story.exit_code, len(story.open_questions)) == ("waiting", 4, 1)
    assert story.started == ["jobs.merge"]
    assert not story.all(Event.FIX_APPLIED)


def test_an_approval_allows_exactly_one_application(
    tmp_path: Path, state: Path, workspace: ScriptedWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUNDLEOPS_HEAL", "propose")
    workspace.fail("merge", DUPLICATES, 1)
    bundle = make_bundle(tmp_path, "approved", {"merge": Job("gold_merge", sql(MERGE))})
    story = operate(state, bundle)
    (question,) = story.open_questions
    for shown in ("DELTA_MULTIPLE_SOURCE_ROW_MATCHING", "[Run ", "Diagnosis: ", "```diff", "src/merge.py"):
        assert shown in question.body
    story.answer("approve")
    operate(state, bundle, operation=story.id)
    assert (story.verdict, story.exit_code) == ("verified", 0)
    assert [fix["digest"] for fix in story.all(Event.FIX_APPLIED)] == [question.digest]
    assert [said["question"] for said in story.all(Event.QUESTION_ANSWERED)] == [question.id], "late, and told once"
    assert "`approve` by pat" in story.report
    assert story.store.get(question.id).status == "consumed"


def test_an_approval_of_another_digest_does_nothing(
    tmp_path: Path, state: Path, workspace: ScriptedWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUNDLEOPS_HEAL", "propose")
    workspace.fail("merge", DUPLICATES)
    bundle = make_bundle(tmp_path, "other-digest", {"merge": Job("gold_merge", sql(MERGE))})
    story = operate(state, bundle)
    other = story.open_questions[0].model_copy(update={"id": "q-other", "digest": "0" * 64})
    story.store.ask(other)
    story.store.answer(Answer(question=other.id, option="approve", by="pat", source="terminal"))
    operate(state, bundle, operation=story.id)
    assert not story.all(Event.FIX_APPLIED)
    assert story.exit_code == 4


def test_edits_that_a_crash_left_are_taken_back_before_anything_is_deployed(
    tmp_path: Path, state: Path, workspace: ScriptedWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUNDLEOPS_HEAL", "propose")
    workspace.fail("merge", DUPLICATES, 1)
    bundle = make_bundle(tmp_path, "left-edits", {"merge": Job("gold_merge", sql(MERGE))})
    story = operate(state, bundle)
    story.answer("approve")
    with monkeypatch.context() as crash:
        crash.setattr("flows.heal.note_fix_applied", lambda *_: sys.exit("killed"))
        with pytest.raises(SystemExit):
            operate(state, bundle, operation=story.id)
    copy = Path(story.folder.request().working_copy, "src", "merge.py")
    deployed = f"{Records(story.folder.request()).bundle().file_root}/src/merge"
    assert "ROW_NUMBER()" in copy.read_text(encoding="utf-8"), "the edit was made before the crash"
    operate(state, bundle, operation=story.id)
    assert copy.read_text(encoding="utf-8") == sql(MERGE)
    assert "ROW_NUMBER()" not in (workspace.file(deployed) or ""), "what nobody approves is not deployed"
    story.answer("approve")
    operate(state, bundle, operation=story.id)
    assert story.verdict == "verified"
    assert "ROW_NUMBER()" in (workspace.file(deployed) or "")
    assert "ROW_NUMBER()" in Path(story.all(Event.OPERATION_ENDED)[-1]["patch"]).read_text(encoding="utf-8")
