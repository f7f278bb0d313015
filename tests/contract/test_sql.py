from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from databricks.sdk.errors import InvalidParameterValue, NotFound, Unauthenticated
from databricks.sdk.errors.base import DatabricksError
from databricks.sdk.service.sql import ExecuteStatementRequestOnWaitTimeout, StatementResponse

if TYPE_CHECKING:
    from tests.contract.conftest import Sandbox


def warehouse(sandbox: Sandbox) -> str:
    return next(iter(sandbox.client.warehouses.list())).id or ""


def state(answer: StatementResponse) -> str:
    return str(answer.as_dict()["status"]["state"])


def test_rows_of_a_statement_are_texts_with_their_columns(sandbox: Sandbox) -> None:
    sandbox.play(statements=[{"statement": "select *", "columns": ["n", "t"], "rows": [["1", None]]}])
    answer = sandbox.client.statement_execution.execute_statement("SELECT n, t FROM x", warehouse(sandbox))
    assert state(answer) == "SUCCEEDED"
    assert answer.result is not None
    assert answer.result.data_array == [["1", None]]
    assert [column["name"] for column in answer.as_dict()["manifest"]["schema"]["columns"]] == ["n", "t"]


def test_a_failed_statement_has_its_error_and_sql_state(sandbox: Sandbox) -> None:
    rule = {
        "state": "FAILED",
        "error_code": "BAD_REQUEST",
        "error_message": "[PARSE_SYNTAX_ERROR]",
        "sql_state": "42601",
    }
    sandbox.play(statements=[rule])
    answer = sandbox.client.statement_execution.execute_statement("SELEC", warehouse(sandbox)).as_dict()["status"]
    assert answer["error"] == {"error_code": "BAD_REQUEST", "message": "[PARSE_SYNTAX_ERROR]"}
    assert answer["sql_state"] == "42601"


def test_a_long_result_comes_in_chunks(sandbox: Sandbox) -> None:
    sandbox.play(statements=[{"columns": ["n"], "rows": [[str(n)] for n in range(1500)]}])
    api = sandbox.client.statement_execution
    first = api.execute_statement("SELECT n", warehouse(sandbox))
    assert first.result is not None
    assert first.result.next_chunk_index == 1
    second = api.get_statement_result_chunk_n(first.statement_id or "", 1)
    assert len(first.result.data_array or []) + len(second.data_array or []) == 1500


def test_a_statement_that_is_not_waited_for_can_be_cancelled(sandbox: Sandbox) -> None:
    sandbox.play(statements=[{"seconds": 60}])
    api = sandbox.client.statement_execution
    sent = api.execute_statement("SELECT 1", warehouse(sandbox), wait_timeout="0s").statement_id or ""
    api.cancel_execution(sent)
    sandbox.eventually(lambda: state(api.get_statement(sent)) == "CANCELED" or None)


@pytest.mark.parametrize("wait_timeout", ["300s", "4s", "soon"])
def test_a_wait_outside_the_limits_is_refused(sandbox: Sandbox, wait_timeout: str) -> None:
    with pytest.raises(InvalidParameterValue, match="between 5s and 50s"):
        sandbox.client.statement_execution.execute_statement(
            "SELECT 1",
            warehouse(sandbox),
            wait_timeout=wait_timeout,
            on_wait_timeout=ExecuteStatementRequestOnWaitTimeout.CONTINUE,
        )


def test_a_table_that_the_engine_does_not_know_does_not_exist(sandbox: Sandbox) -> None:
    missing = "[TABLE_OR_VIEW_NOT_FOUND] The table or view cannot be found."
    sandbox.play(statements=[{"statement": "describe*", "state": "FAILED", "error_message": missing}])
    assert sandbox.client.tables.exists("main.gold.dim").table_exists is False
    with pytest.raises(NotFound, match=r"Table 'main\.gold\.dim' does not exist"):
        sandbox.client.tables.get("main.gold.dim")


def test_a_call_without_the_token_is_refused(sandbox: Sandbox) -> None:
    client = type(sandbox.client)(host=sandbox.host, token="wrong")
    with pytest.raises(Unauthenticated):
        client.current_user.me()


def test_what_the_sandbox_does_not_serve_says_so(sandbox: Sandbox) -> None:
    with pytest.raises(DatabricksError, match="SANDBOX_UNSUPPORTED") as refused:
        sandbox.client.clusters.get("1123-000000-abcdefgh")
    assert refused.value.error_code == "NOT_IMPLEMENTED"


def test_columns_of_a_table_have_the_types_of_the_api(sandbox: Sandbox) -> None:
    rows = [["n", "bigint", None], ["s", "struct<a:int>", None], ["d", "decimal(10,2)", None], ["t", "string", None]]
    sandbox.play(statements=[{"statement": "describe*", "columns": ["a", "b", "c"], "rows": rows}])
    columns = sandbox.client.tables.get("main.gold.typed").as_dict()["columns"]
    assert [column["type_name"] for column in columns] == ["LONG", "STRUCT", "DECIMAL", "STRING"]
