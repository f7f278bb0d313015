from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from databricks.sdk import WorkspaceClient

from workspace.errors import WorkspaceRequestError
from workspace.models import RunHandle, RunResult
from workspace.services.pacing import Pace
from workspace.services.pipelines import (
    expectation_figures,
    find_update_after,
    start_update,
    stop_update,
    update_errors,
)
from workspace.services.waiting import Patience, wait_for_run

if TYPE_CHECKING:
    from .conftest import LoopbackWorkspace

BASE = "/api/2.0/pipelines/p-1"
QUICK = Patience(timedelta(hours=1), Pace(first=0.01, steady=0.01))
HANDLE = RunHandle(resource="pipelines.silver", iteration=1, kind="pipeline", parent_id="p-1", run_id="u-1", url="U")


def error_event(message: str, *exceptions: tuple[str, str], update_id: str = "u-1") -> dict[str, Any]:
    chain = [
        {
            "class_name": name,
            "message": text,
            "stack": [{"file_name": "silver.py", "line_number": 8, "method_name": "f"}],
        }
        for name, text in exceptions
    ]
    event: dict[str, Any] = {"level": "ERROR", "message": message, "event_type": "flow_progress"}
    event["origin"] = {"update_id": update_id, "flow_name": "main.ops.orders"}
    return {**event, "error": {"fatal": True, "exceptions": chain}} if chain else event


def test_a_started_update_is_known_by_pipeline_and_update(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    workspace.answer("POST", f"{BASE}/updates", {"update_id": "u-1"})
    handle = start_update(client, "p-1", resource="pipelines.silver", iteration=1, refresh_selection=("orders",))
    assert (handle.kind, handle.parent_id, handle.run_id) == ("pipeline", "p-1", "u-1")
    assert handle.url == f"{workspace.host}/#joblist/pipelines/p-1/updates/u-1"
    assert workspace.asked(f"{BASE}/updates")[0][3] == {"refresh_selection": ["orders"]}


def test_a_second_start_is_refused_with_the_workspaces_words(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    workspace.fail("POST", f"{BASE}/updates", 409, "RESOURCE_CONFLICT", "An active update u-0 already exists.")
    with pytest.raises(WorkspaceRequestError, match="An active update u-0 already exists"):
        start_update(client, "p-1", resource="pipelines.silver", iteration=1)


def test_after_a_crash_the_first_update_of_ours_is_found(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    updates = [
        {"update_id": "u-4", "creation_time": 400, "cause": "API_CALL"},
        {"update_id": "u-3", "creation_time": 300, "cause": "API_CALL"},
        {"update_id": "u-2", "creation_time": 250, "cause": "JOB_TASK"},
        {"update_id": "u-1", "creation_time": 100, "cause": "API_CALL"},
    ]
    workspace.answer("GET", f"{BASE}/updates", {"updates": updates})
    found = find_update_after(client, "p-1", "u-1", resource="pipelines.silver", iteration=2)
    assert found is not None
    assert (found.run_id, found.iteration) == ("u-3", 2)
    assert find_update_after(client, "p-1", "u-4") is None


@pytest.mark.parametrize(
    ("state", "result"),
    [("COMPLETED", RunResult.SUCCESS), ("FAILED", RunResult.FAILED), ("CANCELED", RunResult.CANCELED)],
)
def test_an_updates_end_is_a_runs_end(
    workspace: LoopbackWorkspace, client: WorkspaceClient, state: str, result: RunResult
) -> None:
    states = ["WAITING_FOR_RESOURCES", "RUNNING", state]
    workspace.answer("GET", f"{BASE}/updates/u-1", *[{"update": {"update_id": "u-1", "state": one}} for one in states])
    seen: list[str] = []
    outcome = wait_for_run(client, HANDLE, QUICK, lambda look: seen.append(look.state))
    assert outcome.result is result
    assert seen == ["WAITING_FOR_RESOURCES", "RUNNING"]


def test_the_innermost_exception_is_the_error_and_the_chain_the_trace(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    event = error_event("Flow failed.", ("StreamingQueryException", "outer"), ("AnalysisException", "no column x"))
    workspace.answer("GET", f"{BASE}/events", {"events": [event]})
    (failure,) = update_errors(client, HANDLE)
    assert failure.error == "AnalysisException: no column x"
    assert failure.flow_name == "main.ops.orders"
    assert "StreamingQueryException: outer\n  File silver.py, line 8, in f" in failure.trace


def test_only_this_updates_events_are_asked_for_and_taken(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    events = [error_event("mine"), error_event("of last week", update_id="u-0")]
    workspace.answer("GET", f"{BASE}/events", {"events": events})
    assert [one.error for one in update_errors(client, HANDLE)] == ["mine"]
    assert workspace.asked(f"{BASE}/events")[0][2]["filter"] == "update_id='u-1' AND level='ERROR'"


def test_an_error_that_is_logged_repeatedly_counts_once_with_its_longest_trace(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    short, long = error_event("E: x"), error_event("Flow failed.", ("E", "x"))
    workspace.answer("GET", f"{BASE}/events", {"events": [short], "next_page_token": "2"}, {"events": [long, short]})
    (failure,) = update_errors(client, HANDLE)
    assert "silver.py" in failure.trace


def test_that_the_update_failed_counts_only_when_nothing_says_why(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    effect = {"level": "ERROR", "message": "Update u-1 is FAILED.", "origin": {"update_id": "u-1"}}
    workspace.answer("GET", f"{BASE}/events", {"events": [effect, error_event("m", ("E", "x"))]}, {"events": [effect]})
    assert [one.error for one in update_errors(client, HANDLE)] == ["E: x"]
    assert [one.error for one in update_errors(client, HANDLE)] == ["Update u-1 is FAILED."]


def test_expectations_are_summed_over_batches(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    figures = {"name": "valid_id", "dataset": "orders", "passed_records": 8, "failed_records": 2}
    event = {
        "event_type": "flow_progress",
        "level": "INFO",
        "origin": {"update_id": "u-1", "flow_name": "orders"},
        "details": {"flow_progress": {"data_quality": {"dropped_records": 2, "expectations": [figures]}}},
    }
    workspace.answer("GET", f"{BASE}/events", {"events": [event, event, {"origin": {}, "level": "INFO"}]})
    (found,) = expectation_figures(client, HANDLE)
    assert (found.name, found.dataset, found.passed_records, found.failed_records) == ("valid_id", "orders", 16, 4)


def test_stopping_names_the_pipeline(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    workspace.answer("POST", f"{BASE}/stop", {})
    stop_update(client, HANDLE)
    assert len(workspace.asked(f"{BASE}/stop")) == 1
