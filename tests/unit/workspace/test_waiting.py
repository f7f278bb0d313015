from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from databricks.sdk import WorkspaceClient

from workspace.errors import AuthenticationError, RunTimeoutError, WorkspaceRequestError
from workspace.models import RunHandle, RunResult
from workspace.sdk import without_retries
from workspace.services import watches
from workspace.services.pacing import Pace
from workspace.services.waiting import JobRuns, Patience, wait_for_run, wait_for_runs

if TYPE_CHECKING:
    from .conftest import LoopbackWorkspace

GET = "/api/2.2/jobs/runs/get"
LIST = "/api/2.2/jobs/runs/list"
HANDLE = RunHandle(resource="jobs.gold_merge", iteration=1, kind="job", parent_id="7", run_id="70", url="u")
QUICK = Patience(timedelta(hours=1), Pace(first=0.01, steady=0.01, far=(0.01,)))


def active(state: str = "RUNNING", **more: Any) -> dict[str, Any]:
    return {"run_id": 70, "state": {"life_cycle_state": state}, **more}


def ended(result: str = "SUCCESS", **more: Any) -> dict[str, Any]:
    return {"run_id": 70, "state": {"life_cycle_state": "TERMINATED", "result_state": result}, **more}


def settled_tasks() -> list[dict[str, Any]]:
    failed = {"task_key": "load", "state": {"life_cycle_state": "TERMINATED", "result_state": "FAILED"}}
    waits = {"task_key": "merge", "state": {"life_cycle_state": "BLOCKED"}, "depends_on": [{"task_key": "load"}]}
    return [failed, waits]


def test_waiting_tells_each_change_once(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    workspace.answer("GET", GET, active("QUEUED"), active(), active(), ended())
    seen: list[str] = []
    outcome = wait_for_run(client, HANDLE, QUICK, lambda look: seen.append(look.state))
    assert seen == ["QUEUED", "RUNNING"]
    assert outcome.succeeded


def test_server_errors_do_not_lose_the_run(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    oops = (500, {"error_code": "INTERNAL_ERROR", "message": "oops"})
    workspace.answer("GET", GET, active(), oops, oops, ended())
    seen: list[str] = []
    assert wait_for_run(client, HANDLE, QUICK, lambda look: seen.append(look.state)).succeeded
    assert any(state.startswith("no answer") and "oops" in state for state in seen)


def test_throttling_is_answered_by_one_request_each_time_and_does_not_lose_the_run(
    workspace: LoopbackWorkspace, client: WorkspaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The SDK takes 429 without the header as `Retry-After: 1`.
    asked: list[float | None] = []

    def no_pause(_faults: int, retry_after: float | None, _pace: Pace) -> float:
        asked.append(retry_after)
        return 0.01

    monkeypatch.setattr(watches, "after_fault", no_pause)
    busy = (429, {"error_code": "REQUEST_LIMIT_EXCEEDED", "message": "slow down"})
    workspace.answer("GET", GET, busy, ended())
    assert wait_for_run(client, HANDLE, QUICK).succeeded
    assert (asked, len(workspace.asked(GET))) == ([1], 2)


def test_a_lost_connection_does_not_lose_the_run(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    workspace.answer("GET", GET, (200, b"this is no answer of a workspace"), ended())
    assert wait_for_run(client, HANDLE, QUICK).succeeded


def test_a_run_that_is_gone_ends_the_wait(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    workspace.fail("GET", GET, 404, "RESOURCE_DOES_NOT_EXIST", "Run 70 does not exist.")
    with pytest.raises(WorkspaceRequestError, match="Run 70 does not exist"):
        wait_for_run(client, HANDLE, QUICK)


def test_an_expired_token_ends_the_wait_as_a_question_of_authentication(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    workspace.fail("GET", GET, 401, "UNAUTHENTICATED", "Token expired")
    with pytest.raises(AuthenticationError, match="Token expired"):
        wait_for_run(client, HANDLE, QUICK)


def test_the_time_limit_ends_the_wait_and_says_that_the_run_goes_on(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    workspace.answer("GET", GET, active())
    with pytest.raises(RunTimeoutError, match=r"jobs.gold_merge.*RUNNING.*goes on"):
        wait_for_run(client, HANDLE, replace(QUICK, timeout=timedelta(seconds=0.1)))


def test_one_list_tells_the_first_state_and_the_history_of_the_job(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    done = ended(start_time=1_000, end_time=101_000)
    workspace.answer("GET", LIST, {"runs": [active(), done | {"run_id": 69}]})
    workspace.answer("GET", GET, ended())
    seen: list[str] = []
    wait_for_run(client, HANDLE, replace(QUICK, age=0.0), lambda look: seen.append(look.state))
    assert (seen, len(workspace.asked(LIST)), len(workspace.asked(GET))) == (["RUNNING"], 1, 1)
    runs = JobRuns(without_retries(client), "7")
    assert runs.durations() == (100.0,)
    wait_for_run(client, HANDLE, QUICK)
    assert len(workspace.asked(LIST)) == 1, "what is known is not asked for again"


def test_a_run_that_a_list_shows_whole_as_ended_is_not_read_again(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    workspace.answer("GET", LIST, {"runs": [ended()]})
    assert wait_for_run(client, HANDLE, QUICK).succeeded
    assert workspace.asked(GET) == []


def test_a_page_of_active_runs_alone_is_no_history(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    def list_runs(query: dict[str, str], _body: Any) -> tuple[int, Any]:
        done = ended(start_time=1_000, end_time=2_000, run_id=1)
        return 200, {"runs": [done]} if "completed_only" in query else {"runs": [active()], "next_page_token": "2"}

    workspace.answer("GET", LIST, list_runs)
    runs = JobRuns(without_retries(client), "7")
    runs.look(["70"], ["70"])
    assert runs.durations() == (1.0,)


def test_runs_that_may_not_be_listed_are_read_one_by_one(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    workspace.fail("GET", LIST, 403, "PERMISSION_DENIED")
    workspace.answer("GET", GET, active(), active(), ended())
    assert wait_for_run(client, HANDLE, QUICK).succeeded


def test_many_runs_of_a_job_are_listed_together_and_each_end_is_read(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    handles = [HANDLE.model_copy(update={"run_id": str(number)}) for number in range(100, 120)]
    listed: list[str] = []

    def list_runs(query: dict[str, str], _body: Any) -> tuple[int, Any]:
        listed.append("active" if "active_only" in query else "newest")
        over = len(listed) > 3
        return 200, {"runs": [] if over else [active() | {"run_id": int(one.run_id)} for one in handles]}

    workspace.answer("GET", LIST, list_runs)
    workspace.answer("GET", GET, ended())
    outcomes = list(wait_for_runs(client, handles, QUICK))
    assert {one.handle.run_id for one in outcomes} == {one.run_id for one in handles}
    assert len(workspace.asked(GET)) == len(handles)
    assert listed == ["newest", "active", "active", "active"]


def test_waits_of_a_process_share_few_threads(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    handles = [HANDLE.model_copy(update={"run_id": str(n), "parent_id": str(n)}) for n in range(100, 140)]
    seen: set[str] = set()

    def look(_query: dict[str, str], _body: Any) -> tuple[int, Any]:
        seen.update(thread.name for thread in threading.enumerate() if thread.name.startswith("poller"))
        return 200, ended()

    workspace.answer("GET", GET, look)
    assert len(list(wait_for_runs(client, handles, QUICK))) == len(handles)
    assert 1 <= len(seen) <= 4


def test_a_run_that_can_only_fail_is_cancelled_when_it_does_not_end(
    workspace: LoopbackWorkspace, client: WorkspaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watches, "ENDING_PATIENCE", 0.05)
    cancelled: list[int] = []

    def look(_query: dict[str, str], _body: Any) -> tuple[int, Any]:
        return 200, ended("CANCELED") if cancelled else active(tasks=settled_tasks())

    def cancel(_query: dict[str, str], body: Any) -> tuple[int, Any]:
        cancelled.append(body["run_id"])
        return 200, {}

    workspace.answer("GET", GET, look)
    workspace.answer("POST", "/api/2.2/jobs/runs/cancel", cancel)
    outcome = wait_for_run(client, HANDLE, replace(QUICK, cancel_settled=True))
    assert cancelled == [70]
    assert (outcome.result, outcome.message) == (RunResult.FAILED, "load failed; merge can no longer run")


def test_a_run_of_somebody_else_is_never_cancelled(
    workspace: LoopbackWorkspace, client: WorkspaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watches, "ENDING_PATIENCE", 0.0)
    workspace.answer("GET", GET, *[active(tasks=settled_tasks())] * 5, ended("FAILED"))
    assert wait_for_run(client, HANDLE, QUICK).result is RunResult.FAILED
    assert workspace.asked("/api/2.2/jobs/runs/cancel") == []


def test_a_run_that_may_not_be_cancelled_is_waited_for_all_the_same(
    workspace: LoopbackWorkspace, client: WorkspaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watches, "ENDING_PATIENCE", 0.0)
    workspace.answer("GET", GET, *[active(tasks=settled_tasks())] * 5, ended("FAILED"))
    workspace.fail("POST", "/api/2.2/jobs/runs/cancel", 403, "PERMISSION_DENIED")
    assert wait_for_run(client, HANDLE, replace(QUICK, cancel_settled=True)).result is RunResult.FAILED
