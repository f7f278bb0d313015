from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from operations.events import Event, JournalEvent
from operations.journal import Journal
from tests.flows.bundle_maker import DUPLICATES, MERGE, Bundle, Job, make_bundle, sql
from tests.flows.services import ScriptedWorkspace
from tests.flows.story import operate
from workspace.services.lookups import Lookups

RUN_JOB = {"tasks": [{"task_key": "go", "run_job_task": {"job_id": "${resources.jobs.load.id}"}}]}


def test_layers_run_in_order_and_composite_jobs_are_left_out(tmp_path: Path, state: Path) -> None:
    jobs = {
        "merge": Job("gold_merge"),
        "load": Job("bronze"),
        "daily": Job(settings=RUN_JOB),
        "tables": Job("gold_setup"),
    }
    bundle = make_bundle(tmp_path, "in-order", jobs, pipelines=("silver_clean",))
    story = operate(state, bundle)
    assert story.started == ["jobs.load", "pipelines.silver_clean", "jobs.tables", "jobs.merge"]
    assert (story.verdict, story.exit_code) == ("verified", 0)
    assert [one["key"] for one in story.all(Event.RESOURCES_PLANNED)[0]["left_out"]] == ["jobs.daily"]


def test_a_failing_layer_keeps_the_next_one_from_starting(
    tmp_path: Path, state: Path, workspace: ScriptedWorkspace
) -> None:
    workspace.fail("load", "ValueError: the delivery is empty")
    bundle = make_bundle(tmp_path, "gate", {"load": Job("bronze"), "other": Job("bronze"), "merge": Job("gold_merge")})
    story = operate(state, bundle)
    assert story.started == ["jobs.load", "jobs.other"], "the sibling runs to its end, the next layer never starts"
    assert story.exit_code == 4


def test_a_dry_run_deploys_and_runs_nothing(tmp_path: Path, state: Path, workspace: ScriptedWorkspace) -> None:
    story = operate(state, make_bundle(tmp_path, "dry", {"only_shown": Job("bronze")}), dry_run=True)
    assert (story.verdict, story.exit_code) == ("planned", 0)
    assert not story.all(Event.DEPLOY_STARTED)
    assert workspace.runs("only_shown") == []


def test_a_deploy_that_needs_a_person_in_the_middle_of_a_layer_lets_the_siblings_run_first(
    tmp_path: Path, state: Path, workspace: ScriptedWorkspace
) -> None:
    workspace.fail("merge", DUPLICATES, 1)
    jobs = {"merge": Job("gold_merge", sql(MERGE)), "sibling": Job("gold_merge")}
    bundle = make_bundle(tmp_path, "held", jobs)
    other = make_bundle(tmp_path / "other", "held", jobs | {"added_elsewhere": Job()})
    with deployed_when_it_runs(other, workspace):
        story = operate(state, bundle)
    assert story.started == ["jobs.merge", "jobs.sibling"]
    assert [question.action for question in story.open_questions] == ["deploy_destructive_plan"]
    story.answer("approve")
    operate(state, bundle, operation=story.id)
    assert story.started == ["jobs.merge", "jobs.sibling", "jobs.merge"]
    assert (story.verdict, story.exit_code) == ("verified", 0)


def test_a_missing_table_is_named_before_the_layer_and_its_maker_runs_first(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lookups, "exists", lambda *_, **__: False)
    jobs = {
        "left": Job("bronze", sql("CREATE TABLE main.s.left AS SELECT * FROM main.s.right")),
        "right": Job("silver", sql("CREATE TABLE main.s.right AS SELECT * FROM main.s.left")),
    }
    story = operate(state, make_bundle(tmp_path, "in-a-circle", jobs))
    first = story.all(Event.PREREQUISITES_CHECKED)[0]
    assert [one["text"] for one in first["unmet"]] == ["main.s.right does not exist; jobs.right makes it"]
    assert [one["plan"]["title"] for one in story.all(Event.FIX_PLANNED)] == ["Run jobs.right first"]
    assert (story.started, story.verdict) == (["jobs.right", "jobs.left"], "verified")


def test_what_no_resource_of_the_bundle_makes_is_named_and_the_run_is_tried(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lookups, "exists", lambda *_, **__: False)
    story = operate(state, make_bundle(tmp_path, "from-outside", {"merge": Job("gold_merge", sql(MERGE))}))
    (checked,) = story.all(Event.PREREQUISITES_CHECKED)
    assert [one["text"] for one in checked["unmet"]] == [
        "main.silver.sales does not exist; no resource of the bundle makes it"
    ]
    assert (story.started, story.verdict) == (["jobs.merge"], "verified")


def test_at_level_composite_a_composite_job_runs_instead_of_its_atomic_jobs(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUNDLEOPS_LEVEL", "composite")
    jobs = {"load": Job("bronze"), "daily": Job(settings=RUN_JOB), "merge": Job("gold_merge")}
    story = operate(state, make_bundle(tmp_path, "by-composite", jobs))
    assert (story.started, story.verdict) == (["jobs.daily", "jobs.merge"], "verified")
    assert story.all(Event.RESOURCES_PLANNED)[0]["left_out"] == [{"key": "jobs.load", "why": "jobs.daily runs it"}]


def overlapping(workspace: ScriptedWorkspace, first: str, second: str) -> bool:
    """Whether the second job's run began before the first one's ended."""
    (one,), (other,) = workspace.runs(first), workspace.runs(second)
    return bool(other["start_time"] < one["end_time"])


def test_independent_resources_of_a_layer_run_at_the_same_time_within_the_bound(
    tmp_path: Path, state: Path, workspace: ScriptedWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUNDLEOPS_PARALLEL_RUNS", "2")
    workspace.play(tasks=[{"job": "*side_?", "seconds": 2}])
    bundle = make_bundle(tmp_path, "at-once", {f"side_{name}": Job("bronze") for name in "abc"})
    story = operate(state, bundle)
    words = [
        (event.event, event.resource) for event in story.events if event.event in {Event.RUN_STARTED, Event.RUN_ENDED}
    ]
    assert [word for word, _ in words[:3]] == [Event.RUN_STARTED, Event.RUN_STARTED, Event.RUN_ENDED]
    assert sorted(story.verified) == ["jobs.side_a", "jobs.side_b", "jobs.side_c"]
    assert overlapping(workspace, "side_a", "side_b")
    assert not overlapping(workspace, "side_a", "side_c")


def test_what_needs_a_resource_of_its_own_layer_waits_for_it(
    tmp_path: Path, state: Path, workspace: ScriptedWorkspace
) -> None:
    workspace.play(tasks=[{"job": "*row_?", "seconds": 1}])
    jobs = {
        "row_b": Job("silver", sql("SELECT * FROM main.silver.rows_a")),
        "row_a": Job("silver", sql("CREATE TABLE main.silver.rows_a (id INT)")),
    }
    story = operate(state, make_bundle(tmp_path, "in-row", jobs))
    assert (story.started, story.verdict) == (["jobs.row_a", "jobs.row_b"], "verified")
    assert not overlapping(workspace, "row_a", "row_b")


def test_a_fix_is_deployed_only_when_the_other_runs_have_ended(
    tmp_path: Path, state: Path, workspace: ScriptedWorkspace
) -> None:
    fault = {"job": "*broken_merge", "state": "FAILED", "error": DUPLICATES, "occurrence": 1}
    workspace.play(tasks=[fault, {"job": "*long_sibling", "seconds": 3}])
    jobs = {"broken_merge": Job("gold_merge", sql(MERGE)), "long_sibling": Job("gold_merge")}
    story = operate(state, make_bundle(tmp_path, "no-deploy-under-a-run", jobs))
    told = [(one.event, one.resource) for one in story.events if one.event in {Event.RUN_ENDED, Event.BUNDLE_DEPLOYED}]
    assert told == [
        (Event.BUNDLE_DEPLOYED, None),
        (Event.RUN_ENDED, "jobs.broken_merge"),
        (Event.RUN_ENDED, "jobs.long_sibling"),
        (Event.BUNDLE_DEPLOYED, None),
        (Event.RUN_ENDED, "jobs.broken_merge"),
    ]
    assert Counter(story.started) == {"jobs.broken_merge": 2, "jobs.long_sibling": 1}


@contextmanager
def deployed_when_it_runs(other: Bundle, workspace: ScriptedWorkspace) -> Iterator[None]:
    """Let somebody else deploy the same bundle with one job more, right after the first run has started."""
    append, waiting = Journal.append, [other.folder]

    def append_and_deploy(journal: Journal, event: str, *rest: Any, **data: Any) -> JournalEvent:
        line = append(journal, event, *rest, **data)
        if event == Event.RUN_STARTED and waiting:
            subprocess.run([workspace.cli, "bundle", "deploy"], cwd=waiting.pop(), check=True, capture_output=True)
        return line

    with mock.patch.object(Journal, "append", append_and_deploy):
        yield
