from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from databricks.sdk import WorkspaceClient

from workspace.errors import AuthenticationError, RunTimeoutError, WorkspaceRequestError
from workspace.models import RunHandle, RunResult
from workspace.services import watches
from workspace.services.pacing import Pace
from workspace.services.waiting import Patience, wait_for_run, wait_for_runs

if TYPE_CHECKING:
    from .conftest import LoopbackWorkspace

GET = "/api/2.2/jobs/runs/get"
LIST = "/api/2.2/jobs/runs/list"
HANDLE = RunHandle(resource="jobs.gold_merge", iteration=1, kind="job", parent_id="7", run_id="70", url="u")
QUICK = Patience(timedelta(hours=1), Pace(first=0.01, steady=0.01))


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


def test_the_history_of_the_job_is_read_once(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    done = {"start_time": 1_000, "end_time": 1_100, **ended()}
    workspace.answer("GET", LIST, {"runs": [done]})
    for _ in range(2):
        workspace.forget("GET", GET) if workspace.asked(GET) else None
        workspace.answer("GET", GET, active(), active(), ended())
        wait_for_run(client, HANDLE, QUICK)
    assert [query["completed_only"] for _, _, query, _ in workspace.asked(LIST)] == ["true"]


def test_a_history_that_may_not_be_read_is_none(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    workspace.fail("GET", LIST, 403, "PERMISSION_DENIED")
    workspace.answer("GET", GET, active(), active(), ended())
    assert wait_for_run(client, HANDLE, QUICK).succeeded


def test_many_runs_of_a_job_are_listed_together_and_each_end_is_read(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    handles = [HANDLE.model_copy(update={"run_id": str(number)}) for number in range(100, 120)]
    listed: list[int] = []

    def list_runs(query: dict[str, str], _body: Any) -> tuple[int, Any]:
        if "active_only" not in query:
            return 200, {}
        listed.append(1)
        over = len(listed) > 3
        return 200, {"runs": [] if over else [active() | {"run_id": int(one.run_id)} for one in handles]}

    workspace.answer("GET", LIST, list_runs)
    workspace.answer("GET", GET, ended())
    outcomes = list(wait_for_runs(client, handles, QUICK))
    assert {one.handle.run_id for one in outcomes} == {one.run_id for one in handles}
    assert len(workspace.asked(GET)) == len(handles)
    assert len(listed) == 4


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
