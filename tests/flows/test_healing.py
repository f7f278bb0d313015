from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from operations.events import Event
from tests.flows.bundle_maker import DUPLICATES, MERGE, Bundle, Job, make_bundle, missing, sql
from tests.flows.services import ScriptedWorkspace
from tests.flows.story import Story, operate

TABLE = "main.gold.fact_sales"
WRITER = sql(f"CREATE TABLE IF NOT EXISTS {TABLE} (sale_id INT, amount INT)")
READER = sql("SELECT 1")
"""Its source does not tell what it reads, so the plan cannot put the writer first."""


def merge_bundle(parent: Path, name: str) -> Bundle:
    return make_bundle(parent, name, {"merge": Job("gold_merge", sql(MERGE))})


def test_a_missing_table_is_healed_by_running_the_job_that_makes_it(
    tmp_path: Path, state: Path, workspace: ScriptedWorkspace
) -> None:
    # The tags say the wrong order, and no source corrects them, so the reader runs before the writer.
    jobs = {"reader": Job("bronze", READER), "writer": Job("gold_setup", WRITER)}
    workspace.fail("reader", missing(TABLE), 1)
    story = operate(state, make_bundle(tmp_path, "upstream", jobs))
    assert story.started == ["jobs.reader", "jobs.writer", "jobs.reader"], "the writer is not run a second time"
    assert (story.verdict, story.exit_code) == ("verified", 0)


# One operation: the MERGE fails once, its source is edited, and it is deployed and run again.


@pytest.fixture(scope="module")
def merge_once(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return merge_bundle(tmp_path_factory.mktemp("bundles"), "duplicates")


@pytest.fixture(scope="module")
def healed(merge_once: Bundle, operated: Callable[..., Story]) -> Story:
    return operated(merge_once, "merge", DUPLICATES)


def test_the_second_run_is_verified(healed: Story) -> None:
    assert healed.started == ["jobs.merge", "jobs.merge"]
    assert healed.verified == ["jobs.merge"]
    assert healed.exit_code == 0


def test_the_edited_source_is_deployed_before_the_second_run(healed: Story) -> None:
    order = [event.event for event in healed.events]
    assert order.count(Event.BUNDLE_DEPLOYED) == 2
    applied = order.index(Event.FIX_APPLIED)
    assert Event.BUNDLE_DEPLOYED in order[applied:]
    assert Event.RUN_STARTED in order[applied + order[applied:].index(Event.BUNDLE_DEPLOYED) :]


def test_the_journal_has_the_diff(healed: Story) -> None:
    assert "ROW_NUMBER()" in healed.all(Event.FIX_APPLIED)[0]["diff"].upper()


def test_the_patch_of_the_proven_fix_is_left(healed: Story) -> None:
    patch = Path(healed.all(Event.OPERATION_ENDED)[0]["patch"])
    assert healed.all(Event.FIX_APPLIED)[0]["diff"].strip() in patch.read_text(encoding="utf-8")


def test_the_checkout_of_the_person_is_untouched(healed: Story, merge_once: Bundle) -> None:
    assert healed.exit_code == 0
    assert merge_once.files()["src/merge.py"] == sql(MERGE)


def test_a_wrong_task_type_is_healed_before_the_first_deploy(tmp_path: Path, state: Path) -> None:
    job = Job("bronze", task_type="python_task", path_key="python_file")
    bundle = make_bundle(tmp_path, "wrong-type", {"load": job})
    before = bundle.files()
    story = operate(state, bundle)
    assert story.exit_code == 0
    assert len(story.all(Event.BUNDLE_DEPLOYED)) == 1
    assert "notebook_path: src/load.py" in story.all(Event.FIX_APPLIED)[0]["diff"]
    assert bundle.files() == before


# One operation: whatever is tried, the MERGE fails in the same way.


@pytest.fixture(scope="module")
def stuck(tmp_path_factory: pytest.TempPathFactory, operated: Callable[..., Story]) -> Story:
    return operated(merge_bundle(tmp_path_factory.mktemp("bundles"), "stuck"), "merge", DUPLICATES, always=True)


def test_it_runs_at_most_three_times(stuck: Story) -> None:
    assert 2 <= len(stuck.started) <= 3


def test_no_fix_is_tried_twice(stuck: Story) -> None:
    tried = Counter(fix["digest"] for fix in stuck.all(Event.FIX_APPLIED))
    assert tried
    assert max(tried.values()) == 1


def test_it_ends_with_one_escalation_question(stuck: Story) -> None:
    (question,) = stuck.open_questions
    assert (question.kind, question.resource) == ("escalation", "jobs.merge")
    assert (stuck.verdict, stuck.exit_code) == ("waiting", 4)


def test_the_question_tells_every_attempt(stuck: Story) -> None:
    body = stuck.open_questions[0].body
    assert all(f"### Iteration {number}" in body for number in range(1, len(stuck.started) + 1))


def test_an_unproven_fix_leaves_no_patch(stuck: Story) -> None:
    assert stuck.all(Event.OPERATION_ENDED)[0]["patch"] is None


def test_without_an_iteration_left_no_fix_is_applied(
    tmp_path: Path, state: Path, workspace: ScriptedWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUNDLEOPS_MAX_ITERATIONS", "1")
    workspace.fail("merge", DUPLICATES)
    story = operate(state, merge_bundle(tmp_path, "limit"))
    assert story.started == ["jobs.merge"], "a limit of one leaves no iteration for a fix"
    assert not story.all(Event.FIX_APPLIED)
    assert "still failing after 1 iterations" in story.open_questions[0].title


def test_a_successful_run_whose_exit_json_says_failed_is_a_failure(
    tmp_path: Path, state: Path, workspace: ScriptedWorkspace
) -> None:
    workspace.play(tasks=[{"job": "*load", "exit_value": '{"status": "FAILED", "total": 3, "failed": 3}'}])
    story = operate(state, make_bundle(tmp_path, "exit-json", {"load": Job("bronze")}))
    assert story.all(Event.RUN_ENDED)[0]["outcome"]["result"] == "success"
    assert story.verified == []
    assert story.exit_code == 4
    assert "3 of 3 items failed" in story.open_questions[0].body


def test_proposed_healing_asks_before_a_safe_fix(
    tmp_path: Path, state: Path, workspace: ScriptedWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUNDLEOPS_HEAL", "propose")
    workspace.fail("merge", DUPLICATES, 1)
    story = operate(state, merge_bundle(tmp_path, "propose"))
    (question,) = story.open_questions
    assert (question.kind, question.action) == ("approval", "apply_fix")
    assert not story.all(Event.FIX_APPLIED)
    assert "ROW_NUMBER()" in question.body


def test_switched_off_healing_only_escalates(
    tmp_path: Path, state: Path, workspace: ScriptedWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUNDLEOPS_HEAL", "off")
    workspace.fail("merge", DUPLICATES, 1)
    story = operate(state, merge_bundle(tmp_path, "off"))
    assert [question.kind for question in story.open_questions] == ["escalation"]
    assert not story.all(Event.FIX_PLANNED)
