from __future__ import annotations

import subprocess
import threading
from pathlib import Path

from operations.events import Event
from operations.store import StateStore
from tests.flows.bundle_maker import DUPLICATES, MERGE, Bundle, Job, make_bundle, sql
from tests.flows.services import ScriptedWorkspace, eventually
from tests.flows.story import newest, operate

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
    deploy_when_it_runs(state, make_bundle(tmp_path / "other", "held", jobs | {"added_elsewhere": Job()}), workspace)
    story = operate(state, bundle)
    assert story.started == ["jobs.merge", "jobs.sibling"]
    assert [question.action for question in story.open_questions] == ["deploy_destructive_plan"]
    story.answer("approve")
    operate(state, bundle, operation=story.id)
    assert story.started == ["jobs.merge", "jobs.sibling", "jobs.merge"]
    assert (story.verdict, story.exit_code) == ("verified", 0)


def deploy_when_it_runs(state: Path, other: Bundle, workspace: ScriptedWorkspace) -> None:
    """As soon as the first run is started, let somebody else deploy the same bundle with one job more."""

    def deploy() -> None:
        eventually(lambda: state.is_dir() and StateStore(state).list() and newest(state).started)
        subprocess.run([workspace.cli, "bundle", "deploy"], cwd=other.folder, check=True, capture_output=True)

    threading.Thread(target=deploy).start()
