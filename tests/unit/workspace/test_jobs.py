from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from databricks.sdk import WorkspaceClient

from workspace.errors import AuthenticationError, WorkspaceRequestError
from workspace.models import RunHandle, RunResult
from workspace.services.jobs import (
    cancel_run,
    idempotency_token,
    poll_run,
    repair_run,
    start_run,
    task_outputs,
)

if TYPE_CHECKING:
    from .conftest import LoopbackWorkspace

GET = "/api/2.2/jobs/runs/get"
OUTPUT = "/api/2.2/jobs/runs/get-output"
HANDLE = RunHandle(resource="jobs.gold_merge", iteration=1, kind="job", parent_id="7", run_id="70", url="u")


def active(state: str = "RUNNING") -> dict[str, Any]:
    return {"run_id": 70, "state": {"life_cycle_state": state}}


def ended(result: str = "SUCCESS", life_cycle: str = "TERMINATED", **more: Any) -> dict[str, Any]:
    return {"run_id": 70, "state": {"life_cycle_state": life_cycle, "result_state": result}, **more}


def task(key: str, run_id: int, result: str = "FAILED", **more: Any) -> dict[str, Any]:
    return {"task_key": key, **ended(result), **more, "run_id": run_id}


def test_a_started_run_is_known_by_job_run_and_url(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    workspace.answer("POST", "/api/2.2/jobs/run-now", {"run_id": 2**60})
    handle = start_run(client, "7", "token-1", resource="jobs.gold_merge", iteration=2)
    assert (handle.parent_id, handle.run_id, handle.iteration) == ("7", str(2**60), 2)
    assert handle.url == f"{workspace.host}/jobs/7/runs/{2**60}?o=900800700600"


def test_the_token_and_job_parameters_are_sent(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    workspace.answer("POST", "/api/2.2/jobs/run-now", {"run_id": 70})
    start_run(client, "7", "token-1", resource="jobs.a", iteration=1, parameters={"day": "2026-01-01"})
    body = workspace.asked("/api/2.2/jobs/run-now")[0][3]
    assert body == {"job_id": 7, "idempotency_token": "token-1", "job_parameters": {"day": "2026-01-01"}}


def test_a_job_that_is_gone_is_a_fault_that_does_not_pass(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    workspace.fail("POST", "/api/2.2/jobs/run-now", 400, "INVALID_PARAMETER_VALUE", "Job 7 does not exist.")
    with pytest.raises(WorkspaceRequestError, match=r"starting jobs.a.*Job 7 does not exist") as caught:
        start_run(client, "7", "t", resource="jobs.a", iteration=1)
    assert not caught.value.transient


def test_tokens_fit_the_limit_and_differ_by_iteration() -> None:
    long = [idempotency_token("op-" + "x" * 40, "jobs." + "y" * 40, iteration) for iteration in (1, 2)]
    assert {len(token) for token in long} == {64}
    assert long[0] != long[1]
    assert idempotency_token("op", "jobs.a", 1) == "op:jobs.a:1"


def test_an_active_run_has_no_outcome(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    workspace.answer("GET", GET, active("QUEUED"))
    assert poll_run(client, HANDLE) is None


@pytest.mark.parametrize(
    ("result", "life_cycle", "expected"),
    [
        ("SUCCESS", "TERMINATED", RunResult.SUCCESS),
        ("FAILED", "TERMINATED", RunResult.FAILED),
        ("FAILED", "INTERNAL_ERROR", RunResult.FAILED),
        ("", "INTERNAL_ERROR", RunResult.INTERNAL_ERROR),
        ("SUCCESS_WITH_FAILURES", "TERMINATED", RunResult.FAILED),
        ("TIMEDOUT", "TERMINATED", RunResult.TIMED_OUT),
        ("CANCELED", "TERMINATED", RunResult.CANCELED),
        ("", "SKIPPED", RunResult.SKIPPED),
        ("MAXIMUM_CONCURRENT_RUNS_REACHED", "TERMINATED", RunResult.SKIPPED),
        ("UPSTREAM_CANCELED", "TERMINATED", RunResult.UPSTREAM_FAILED),
        ("A_WORD_OF_NEXT_YEAR", "TERMINATED", RunResult.FAILED),
    ],
)
def test_each_end_has_its_result(
    workspace: LoopbackWorkspace, client: WorkspaceClient, result: str, life_cycle: str, expected: RunResult
) -> None:
    workspace.answer("GET", GET, ended(result, life_cycle))
    outcome = poll_run(client, HANDLE)
    assert outcome is not None
    assert outcome.result is expected
    assert outcome.succeeded is (expected is RunResult.SUCCESS)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("SUCCESS", RunResult.SUCCESS),
        ("RUN_EXECUTION_ERROR", RunResult.FAILED),
        ("USER_CANCELED", RunResult.CANCELED),
        ("INTERNAL_ERROR", RunResult.INTERNAL_ERROR),
    ],
)
def test_the_newer_status_form_alone_is_enough(
    workspace: LoopbackWorkspace, client: WorkspaceClient, code: str, expected: RunResult
) -> None:
    details = {"code": code, "type": "CLIENT_ERROR", "message": "why"}
    workspace.answer("GET", GET, {"run_id": 70, "status": {"state": "TERMINATED", "termination_details": details}})
    outcome = poll_run(client, HANDLE)
    assert outcome is not None
    assert (outcome.result, outcome.termination_code, outcome.message) == (expected, code, "why")


def test_a_repaired_task_counts_with_its_latest_attempt(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    tasks = [task("load", 71, attempt_number=0), task("load", 75, "SUCCESS", attempt_number=1)]
    workspace.answer("GET", GET, ended(tasks=tasks))
    outcome = poll_run(client, HANDLE)
    assert outcome is not None
    assert [(one.task_key, one.run_id, one.result) for one in outcome.tasks] == [("load", "75", RunResult.SUCCESS)]


def test_tasks_of_all_pages_are_read(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    first = ended(tasks=[task("a", 71)], next_page_token="2", has_more=True)
    workspace.answer("GET", GET, first, ended(tasks=[task("b", 72)]))
    outcome = poll_run(client, HANDLE)
    assert outcome is not None
    assert [one.task_key for one in outcome.tasks] == ["a", "b"]


def outcome_of(workspace: LoopbackWorkspace, client: WorkspaceClient, *tasks: dict[str, Any]) -> Any:
    workspace.answer("GET", GET, ended("FAILED", "INTERNAL_ERROR", tasks=list(tasks)))
    return poll_run(client, HANDLE)


def test_outputs_are_read_with_the_task_runs_id(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    outcome = outcome_of(workspace, client, task("load", 71))
    workspace.answer("GET", OUTPUT, {"error": "No module named 'x'", "error_trace": "Trace", "logs": "[Step 1/2] a"})
    (output,) = task_outputs(client, outcome)
    assert workspace.asked(OUTPUT)[0][2] == {"run_id": "71"}
    assert (output.error, output.error_trace, output.logs) == ("No module named 'x'", "Trace", "[Step 1/2] a")


def test_tasks_that_never_ran_have_no_output(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    outcome = outcome_of(workspace, client, task("a", 71, "UPSTREAM_FAILED"), task("b", 72, "EXCLUDED"))
    assert task_outputs(client, outcome) == ()
    assert workspace.asked(OUTPUT) == []


def test_an_output_that_cannot_be_read_says_why(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    outcome = outcome_of(workspace, client, task("load", 71))
    workspace.fail("GET", OUTPUT, 403, "PERMISSION_DENIED", "not yours")
    (output,) = task_outputs(client, outcome)
    assert "not yours" in output.unavailable


def test_a_passing_fault_does_not_make_a_task_that_did_well_look_unreadable(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    outcome = outcome_of(workspace, client, task("load", 71, "SUCCESS"))
    workspace.fail("GET", OUTPUT, 500, "INTERNAL_ERROR", "try later")
    with pytest.raises(WorkspaceRequestError, match="try later"):
        task_outputs(client, outcome)


def test_a_failed_task_whose_output_is_away_is_still_a_failed_task(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    outcome = outcome_of(workspace, client, task("load", 71))
    workspace.fail("GET", OUTPUT, 500, "INTERNAL_ERROR", "try later")
    (output,) = task_outputs(client, outcome)
    assert (output.result, "try later" in output.unavailable) == (RunResult.FAILED, True)


def test_refused_credentials_end_the_reading_of_outputs(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    outcome = outcome_of(workspace, client, task("load", 71))
    workspace.fail("GET", OUTPUT, 401, "UNAUTHENTICATED", "expired")
    with pytest.raises(AuthenticationError):
        task_outputs(client, outcome)


def test_a_run_job_task_is_followed_into_its_run(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    outcome = outcome_of(workspace, client, task("bronze", 71))
    workspace.forget("GET", GET)
    workspace.answer("GET", GET, {"run_id": 90, "tasks": [task("load", 91)]})
    workspace.answer("GET", OUTPUT, {"run_job_output": {"run_id": 90}}, {"error": "inner"})
    (output,) = task_outputs(client, outcome)
    assert (output.task_key, output.run_id, output.error) == ("bronze/load", "91", "inner")


def test_the_iterations_of_a_loop_are_read_one_by_one_failed_ones_first(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    outcome = outcome_of(workspace, client, task("loop", 71, for_each_task={"inputs": "[1, 2]"}))
    workspace.forget("GET", GET)
    iterations = [task("load", 91, "SUCCESS"), task("load", 92)]
    workspace.answer("GET", GET, {"run_id": 71, "tasks": [], "iterations": iterations})
    workspace.answer("GET", OUTPUT, {"error": "boom"}, {"notebook_output": {"result": "done"}})
    found = task_outputs(client, outcome)
    assert [(one.task_key, one.run_id) for one in found] == [("loop/load#2", "92"), ("loop/load#1", "91")]
    assert [one.error for one in found] == ["boom", ""]


def test_secrets_in_an_output_are_redacted(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    outcome = outcome_of(workspace, client, task("load", 71))
    workspace.answer("GET", OUTPUT, {"logs": "using dapi0123456789abcdef0123456789abcdef"})
    (output,) = task_outputs(client, outcome)
    assert "0123456789abcdef" not in output.logs


def test_a_second_repair_names_the_first(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    history = [{"type": "ORIGINAL"}, {"type": "REPAIR", "id": 501}]
    workspace.answer("GET", GET, ended("FAILED", repair_history=history))
    workspace.answer("POST", "/api/2.2/jobs/runs/repair", {"repair_id": 502})
    assert repair_run(client, HANDLE) == 502
    body = workspace.asked("/api/2.2/jobs/runs/repair")[0][3]
    assert body == {"run_id": 70, "rerun_all_failed_tasks": True, "latest_repair_id": 501}


def test_canceling_names_the_run(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    workspace.answer("POST", "/api/2.2/jobs/runs/cancel", {})
    cancel_run(client, HANDLE)
    assert workspace.asked("/api/2.2/jobs/runs/cancel")[0][3] == {"run_id": 70}
