"""Runs that nobody here started: followed to their end, judged by what they say, and read task by task."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from flows.watch_run import watch_run
from tests.flows.program import End, Program
from tests.flows.services import ScriptedWorkspace
from workspace.errors import NotVerifiedError


@pytest.fixture(scope="module")
def call(program_in: Callable[[str], Program]) -> Callable[..., End]:
    return program_in("watching").run


def test_a_run_that_did_its_work_is_followed_to_its_end(workspace: ScriptedWorkspace, call: Callable[..., End]) -> None:
    workspace.play(tasks=[{"task": "slow", "seconds": 8, "exit_value": '{"status": "SUCCESS"}'}])
    end = call("watch", workspace.start_job("nightly", "fast", "slow"))
    assert end.exit_code == 0, end
    assert "RUNNING (1 of 2 tasks ended, running: slow)" in end.stdout
    assert "of nightly verified after" in end.stdout
    assert "2 success (100.0% succeeded)" in end.stdout


def test_a_success_whose_notebook_says_failed_is_a_failure(
    workspace: ScriptedWorkspace, call: Callable[..., End]
) -> None:
    workspace.play(tasks=[{"task": "load", "exit_value": '{"status": "FAILED", "total": 2, "failed": 2}'}])
    end = call("watch", workspace.start_job("says-failed", "load"), "--output", "json")
    assert (end.exit_code, end.document["verified"]) == (1, False)
    assert "2 of 2 items failed" in end.document["reason"]


def test_failed_and_left_out_tasks_are_counted_apart(workspace: ScriptedWorkspace, call: Callable[..., End]) -> None:
    workspace.play(tasks=[{"task": "bad", "state": "FAILED", "error": "boom \x1b[31m"}])
    end = call("watch", workspace.start_job("half", "good", "bad"), "--output", "json")
    assert (end.exit_code, end.document["counts"]) == (1, {"success": 1, "failed": 1})
    assert end.document["share_of_success"] == 0.5


def test_a_wait_that_takes_too_long_ends_and_the_run_goes_on(
    workspace: ScriptedWorkspace, call: Callable[..., End]
) -> None:
    workspace.play(tasks=[{"task": "endless", "seconds": 20}])
    end = call("watch", workspace.start_job("too-long", "endless"), "--timeout", "0.02")
    assert (end.exit_code, "goes on in the workspace" in end.stderr) == (1, True)


def test_a_pipelines_newest_update_is_watched(workspace: ScriptedWorkspace, call: Callable[..., End]) -> None:
    pipeline = workspace.make_pipeline("watched-pipeline")
    never = call("watch", "--pipeline", pipeline)
    assert (never.exit_code, "was never started" in never.stderr) == (2, True)
    workspace.start_update(pipeline)
    end = call("watch", "--pipeline", pipeline)
    assert (end.exit_code, "verified" in end.stdout) == (0, True)


@pytest.mark.parametrize("arguments", [(), ("1", "--pipeline", "p"), ("../1",), ("٣",)])
def test_what_names_no_run_is_refused(call: Callable[..., End], arguments: tuple[str, ...]) -> None:
    end = call("watch", *arguments)
    assert (end.exit_code, "Traceback" in end.stderr) == (2, False)


def test_a_run_that_is_not_there_is_said_in_one_message(call: Callable[..., End]) -> None:
    end = call("watch", "123456789")
    assert (end.exit_code, "reading run 123456789" in end.stderr, "Traceback" in end.stderr) == (1, True, False)


def test_the_output_of_each_task_is_printed_without_its_escapes(
    workspace: ScriptedWorkspace, call: Callable[..., End]
) -> None:
    workspace.play(
        tasks=[{"task": "bad", "state": "FAILED", "error": "boom \x1b[31m"}, {"task": "good", "exit_value": "7"}]
    )
    run = workspace.start_job("outputs", "good", "bad")
    call("watch", run)
    whole, one = call("output", run), call("output", run, "--task", "good", "--output", "json")
    assert "bad (run " in whole.stdout
    assert "boom" in whole.stdout
    assert "\x1b" not in whole.stdout
    assert [(each["task_key"], each["exit_value"]) for each in json.loads(one.stdout)] == [("good", "7")]
    unknown = call("output", run, "--task", "elsewhere")
    assert (unknown.exit_code, "has no ended task 'elsewhere'" in unknown.stderr) == (2, True)


@pytest.mark.usefixtures("state")
def test_the_flow_looks_like_the_run_and_leaves_a_page_in_prefect(
    workspace: ScriptedWorkspace, prefect_api: str
) -> None:
    workspace.play(tasks=[{"task": "bad", "state": "FAILED", "error": "[click](https://evil.example)"}])
    run = workspace.start_job("in-prefect", "bad")
    state = watch_run(run_id=run, return_state=True)
    assert state.is_failed()
    assert isinstance(state.result(raise_on_failure=False), NotVerifiedError)
    found = httpx.get(f"{prefect_api}/artifacts/watched-job-{run}/latest").raise_for_status().json()["data"]
    assert "```text\n[click](https://evil.example)\n```" in found
    assert watch_run(run_id=workspace.start_job("good-in-prefect", "fine"), return_state=True).is_completed()
