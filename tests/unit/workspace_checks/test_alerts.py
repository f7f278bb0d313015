from __future__ import annotations

from typing import Any

import pytest
from databricks.sdk import WorkspaceClient

from tests.unit.workspace.conftest import LoopbackWorkspace
from tests.unit.workspace_checks.answers import STATEMENTS, refused, rows
from workspace.services.alerts import check_alert


def alert(state: str = "OK", **more: Any) -> dict[str, Any]:
    evaluation = {
        "source": {"name": "late"},
        "comparison_operator": "GREATER_THAN",
        "state": state,
        "last_evaluated_at": "2026-11-24T10:00:00Z" if state != "UNKNOWN" else None,
    }
    query = {"query_text": "SELECT count(*) AS late FROM main.gold.flights", "warehouse_id": "w-1"}
    return {"id": "a-1", "display_name": "[CRITICAL] late", "evaluation": evaluation, "schedule": {}, **query, **more}


def test_an_alert_that_was_evaluated_and_whose_query_runs_is_verified(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    workspace.answer("GET", "/api/2.0/alerts/a-1", alert())
    workspace.answer("POST", STATEMENTS, rows(["0"], columns=("late",)))
    check = check_alert(client, "a-1")
    assert (check.faults, check.findings) == ((), ())
    body = workspace.asked(STATEMENTS)[0][3]
    assert (body["warehouse_id"], body["statement"].splitlines()[-1]) == ("w-1", ") LIMIT 1")


@pytest.mark.parametrize(("state", "said"), [("TRIGGERED", "is triggered"), ("UNKNOWN", "was not evaluated yet")])
def test_what_a_person_should_know_is_a_finding(
    workspace: LoopbackWorkspace, client: WorkspaceClient, state: str, said: str
) -> None:
    workspace.answer("GET", "/api/2.0/alerts/a-1", alert(state))
    workspace.answer("POST", STATEMENTS, rows(columns=("late",)))
    check = check_alert(client, "a-1")
    assert check.faults == ()
    assert said in check.findings[0]


def test_an_evaluation_that_ended_in_an_error_and_a_query_that_does_not_run_are_faults(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    workspace.answer("GET", "/api/2.0/alerts/a-1", alert("ERROR"))
    workspace.answer("POST", STATEMENTS, refused("[TABLE_OR_VIEW_NOT_FOUND] main.gold.flights"))
    said = [fault.text for fault in check_alert(client, "a-1").faults]
    assert "ended in an error" in said[0]
    assert "TABLE_OR_VIEW_NOT_FOUND" in said[1]


def test_an_alert_on_a_column_that_its_query_lacks_is_a_fault(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    workspace.answer("GET", "/api/2.0/alerts/a-1", alert())
    workspace.answer("POST", STATEMENTS, rows(["0"], columns=("delayed",)))
    (fault,) = check_alert(client, "a-1").faults
    assert "compares the column late, which its query does not return: delayed" in fault.text


def test_a_trashed_alert_is_a_fault(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    workspace.answer("GET", "/api/2.0/alerts/a-1", alert(lifecycle_state="DELETED"))
    assert "is DELETED" in check_alert(client, "a-1").faults[0].text


def test_a_query_that_would_change_something_is_never_run(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    workspace.answer("GET", "/api/2.0/alerts/a-1", alert(query_text="DELETE FROM main.gold.flights"))
    assert "would change something" in check_alert(client, "a-1").faults[0].text
    assert workspace.asked(STATEMENTS) == []
