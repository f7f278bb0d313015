from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from operations.events import Event, JournalEvent
from operations.journal import Journal
from tests.flows.bundle_maker import DUPLICATES, MERGE, Bundle, Job, make_bundle, sql
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
