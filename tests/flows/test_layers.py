from __future__ import annotations

from pathlib import Path

from operations.events import Event
from tests.flows.bundle_maker import Job, make_bundle
from tests.flows.services import ScriptedWorkspace
from tests.flows.story import operate

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
