from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from databricks.sdk import WorkspaceClient

from workspace.errors import WorkspaceRequestError
from workspace.models import RunResult
from workspace.services.freshness import freshness
from workspace.services.last_runs import last_job_runs, last_updates
from workspace.services.token_expiry import tokens

if TYPE_CHECKING:
    from tests.unit.workspace.conftest import LoopbackWorkspace

JOB, RUNS = "/api/2.2/jobs/get", "/api/2.2/jobs/runs/list"
PIPELINE = "/api/2.0/pipelines/p"
TABLE = "/api/2.1/unity-catalog/tables/main.gold.sales"
TOKENS = "/api/2.0/token/list"


def run(result: str, end: int) -> dict[str, Any]:
    state = {"life_cycle_state": "TERMINATED", "result_state": result, "state_message": f"it {result}"}
    return {"run_id": end, "end_time": end, "state": state, "run_page_url": f"https://x/{end}"}


def test_the_newest_run_and_the_newest_success_are_told_apart(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    workspace.answer("GET", JOB, {"settings": {"schedule": {"pause_status": "PAUSED"}}})
    workspace.answer("GET", RUNS, {"runs": [run("FAILED", 30), run("SUCCESS", 20), run("SUCCESS", 10)]})
    found = last_job_runs(client, "7")
    assert (found.result, found.ended_ms, found.succeeded_ms) == (RunResult.FAILED, 30, 20)
    assert (found.message, found.url, found.paused) == ("it FAILED", "https://x/30", ("schedule",))


def test_a_job_that_never_ran_has_no_result(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    workspace.answer("GET", JOB, {"settings": {}})
    workspace.answer("GET", RUNS, {})
    assert last_job_runs(client, "7").result is None


def test_a_deleted_job_is_an_answer_and_a_refused_question_is_not(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    workspace.fail("GET", JOB, 400, "INVALID_PARAMETER_VALUE", "Job 7 does not exist.")
    assert not last_job_runs(client, "7").exists
    workspace.forget("GET", JOB)
    workspace.fail("GET", JOB, 403, "PERMISSION_DENIED")
    with pytest.raises(WorkspaceRequestError, match="reading job 7"):
        last_job_runs(client, "7")


def test_updates_that_only_validate_or_still_run_do_not_count(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    updates = [
        {"update_id": "d", "state": "RUNNING", "creation_time": 40},
        {"update_id": "c", "state": "COMPLETED", "creation_time": 30, "validate_only": True},
        {"update_id": "b", "state": "FAILED", "creation_time": 20},
        {"update_id": "a", "state": "COMPLETED", "creation_time": 10, "end_time": 15},
    ]
    workspace.answer("GET", PIPELINE, {"pipeline_id": "p"})
    workspace.answer("GET", f"{PIPELINE}/updates", {"updates": updates})
    found = last_updates(client, "p")
    assert (found.result, found.ended_ms, found.succeeded_ms) == (RunResult.FAILED, 20, 15)


def test_the_catalogs_own_time_is_the_age_of_a_table(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    properties = {"delta.lastCommitTimestamp": "90"}
    workspace.answer("GET", TABLE, {"table_type": "MANAGED", "updated_at": 70, "properties": properties})
    assert freshness(client, "main.gold.sales").written_ms == 90


def test_a_missing_table_and_a_view_are_told_apart(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    assert not freshness(client, "main.gold.sales").exists
    workspace.answer("GET", TABLE, {"table_type": "VIEW"})
    assert not freshness(client, "main.gold.sales").holds_data


def test_with_a_warehouse_the_newest_commit_that_brought_data_counts(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    workspace.answer("GET", TABLE, {"table_type": "MANAGED", "updated_at": 1})
    columns = [{"name": name, "type_name": "STRING"} for name in ("version", "timestamp", "operation")]
    rows = [["3", "1970-01-01T00:00:09.000Z", "OPTIMIZE"], ["2", "1970-01-01T00:00:05.000Z", "MERGE"]]
    answer = {
        "statement_id": "s",
        "status": {"state": "SUCCEEDED"},
        "manifest": {"schema": {"columns": columns}, "total_chunk_count": 1},
        "result": {"data_array": rows, "chunk_index": 0},
    }
    workspace.answer("POST", "/api/2.0/sql/statements", answer)
    assert freshness(client, "main.gold.sales", "wh").written_ms == 5000


def test_tokens_are_told_with_their_ends(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    infos = [{"comment": "ci", "expiry_time": 50}, {"comment": "old", "expiry_time": -1}]
    workspace.answer("GET", TOKENS, {"token_infos": infos})
    assert [(one.comment, one.expires_ms) for one in tokens(client).tokens] == [("ci", 50), ("old", 0)]


@pytest.mark.parametrize("status", [403, 404, 501])
def test_a_workspace_that_does_not_tell_about_tokens_is_no_error(
    workspace: LoopbackWorkspace, client: WorkspaceClient, status: int
) -> None:
    workspace.fail("GET", TOKENS, status, "FEATURE_DISABLED")
    assert not tokens(client).told
