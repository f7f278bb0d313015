from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from databricks.sdk import WorkspaceClient

from workspace.errors import ApprovalRequiredError, UsageError, WorkspaceRequestError
from workspace.services.statements import Patience, require_reading, run_statement
from workspace.services.tables import table_shape

if TYPE_CHECKING:
    from .conftest import LoopbackWorkspace

STATEMENTS = "/api/2.0/sql/statements"
TABLE = "/api/2.1/unity-catalog/tables/main.gold.sales"


def statement(state: str, **more: Any) -> dict[str, Any]:
    return {"statement_id": "s-1", "status": {"state": state}, **more}


def rows(*values: list[Any], **more: Any) -> dict[str, Any]:
    manifest = {"schema": {"columns": [{"name": "a"}, {"name": "b"}]}}
    return statement("SUCCEEDED", manifest=manifest, result={"data_array": list(values), **more})


def test_a_tables_columns_come_in_their_order(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    columns = [{"name": "b", "position": 1, "type_text": "string"}, {"name": "a", "position": 0, "type_text": "bigint"}]
    workspace.answer("GET", TABLE, {"full_name": "main.gold.sales", "columns": columns})
    shape = table_shape(client, "main.gold.sales")
    assert shape is not None
    assert (shape.columns, shape.types) == (("a", "b"), ("bigint", "string"))


def test_a_missing_table_has_no_shape(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    workspace.fail("GET", TABLE, 404, "TABLE_DOES_NOT_EXIST")
    assert table_shape(client, "main.gold.sales") is None


def test_a_forbidden_table_is_not_taken_for_a_missing_one(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    workspace.fail("GET", TABLE, 403, "PERMISSION_DENIED", "USE SCHEMA is missing")
    with pytest.raises(WorkspaceRequestError, match="USE SCHEMA is missing"):
        table_shape(client, "main.gold.sales")


def test_a_statement_is_followed_to_its_end(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    workspace.answer("POST", STATEMENTS, statement("PENDING"))
    workspace.answer("GET", f"{STATEMENTS}/s-1", statement("RUNNING"), rows(["1", None]))
    patience = Patience(sleep=lambda _: None)
    result = run_statement(client, "w", "SELECT :x a, null b", parameters={"x": "1"}, patience=patience)
    assert (result.columns, result.rows) == (("a", "b"), (("1", None),))
    assert workspace.asked(STATEMENTS)[0][3]["parameters"] == [{"name": "x", "value": "1"}]


def test_rows_of_all_chunks_are_read(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    workspace.answer("POST", STATEMENTS, rows(["1", "x"], next_chunk_index=1))
    workspace.answer("GET", f"{STATEMENTS}/s-1/result/chunks/1", {"data_array": [["2", "y"]]})
    assert run_statement(client, "w", "SELECT a, b FROM t").rows == (("1", "x"), ("2", "y"))


def test_no_rows_are_no_rows(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    workspace.answer("POST", STATEMENTS, statement("SUCCEEDED", manifest={}, result={"data_array": None}))
    assert run_statement(client, "w", "SELECT 1").rows == ()


@pytest.mark.parametrize("state", ["FAILED", "CANCELED", "CLOSED"])
def test_a_statement_that_did_not_succeed_is_an_error(
    workspace: LoopbackWorkspace, client: WorkspaceClient, state: str
) -> None:
    status = {"state": state, "error": {"error_code": "BAD_REQUEST", "message": "TABLE_OR_VIEW_NOT_FOUND"}}
    workspace.answer("POST", STATEMENTS, {"statement_id": "s-1", "status": status})
    with pytest.raises(WorkspaceRequestError, match="TABLE_OR_VIEW_NOT_FOUND"):
        run_statement(client, "w", "SELECT 1")


@pytest.mark.parametrize(
    "text",
    ["SELECT 1", "WITH a AS (SELECT 1) SELECT * FROM a", "DESCRIBE TABLE t", "SHOW TABLES", "SELECT 1 UNION SELECT 2"],
)
def test_reading_statements_are_run(text: str) -> None:
    require_reading(text)


@pytest.mark.parametrize("text", ["INSERT INTO t VALUES (1)", "CREATE TABLE t (a INT)", "USE main", ""])
def test_a_statement_that_changes_something_is_refused(
    workspace: LoopbackWorkspace, client: WorkspaceClient, text: str
) -> None:
    with pytest.raises(UsageError):
        run_statement(client, "w", text)
    assert workspace.asked(STATEMENTS) == []


@pytest.mark.parametrize("text", ["DROP TABLE t", "DELETE FROM t", "VACUUM t", "SELECT ("])
def test_a_destructive_statement_needs_an_approval(
    workspace: LoopbackWorkspace, client: WorkspaceClient, text: str
) -> None:
    with pytest.raises(ApprovalRequiredError):
        run_statement(client, "w", text)
    assert workspace.asked(STATEMENTS) == []


@pytest.mark.parametrize("text", ["SELECT 1; DROP TABLE t", "SELECT 1; SELECT 2"])
def test_several_statements_are_refused_whatever_they_do(
    workspace: LoopbackWorkspace, client: WorkspaceClient, text: str
) -> None:
    with pytest.raises(UsageError, match="One statement"):
        run_statement(client, "w", text)
    assert workspace.asked(STATEMENTS) == []
