from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from databricks.sdk import WorkspaceClient

from workspace.errors import WorkspaceRequestError
from workspace.services.lookups import Lookups

if TYPE_CHECKING:
    from .conftest import LoopbackWorkspace

CATALOG = "/api/2.1/unity-catalog"


def test_a_table_and_a_function_exist_each_in_its_own_list(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    workspace.answer("GET", f"{CATALOG}/tables/main.gold.t", {"full_name": "main.gold.t"})
    workspace.fail("GET", f"{CATALOG}/functions/main.gold.t", 404, "ROUTINE_DOES_NOT_EXIST")
    lookups = Lookups(client)
    assert lookups.exists("main.gold.t")
    assert not lookups.exists("main.gold.t", is_function=True)


def test_a_name_is_asked_for_once(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    workspace.fail("GET", f"{CATALOG}/tables/main.gold.t", 404, "TABLE_DOES_NOT_EXIST")
    lookups = Lookups(client)
    assert [lookups.exists("main.gold.t") for _ in range(3)] == [False] * 3
    assert len(workspace.asked(f"{CATALOG}/tables/main.gold.t")) == 1


def test_a_missing_right_is_no_missing_table(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    workspace.fail("GET", f"{CATALOG}/tables/main.gold.t", 403, "PERMISSION_DENIED")
    with pytest.raises(WorkspaceRequestError):
        Lookups(client).exists("main.gold.t")


@pytest.mark.parametrize(("data", "expected"), [([["1"]], True), ([], False)])
def test_a_warehouse_tells_whether_a_table_holds_rows(
    workspace: LoopbackWorkspace, client: WorkspaceClient, data: list[list[str]], *, expected: bool
) -> None:
    workspace.answer("GET", "/api/2.0/sql/warehouses", {"warehouses": [{"id": "w", "state": "RUNNING"}]})
    answer = {
        "statement_id": "s",
        "status": {"state": "SUCCEEDED"},
        "manifest": {"schema": {"columns": [{"name": "1"}]}},
        "result": {"data_array": data},
    }
    workspace.answer("POST", "/api/2.0/sql/statements", answer)
    assert Lookups(client).has_rows("main.gold.t") is expected
    statement = workspace.asked("/api/2.0/sql/statements")[0][3]["statement"]
    assert statement == "SELECT 1 FROM `main`.`gold`.`t` LIMIT 1"


def test_without_a_warehouse_rows_are_not_known(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    workspace.answer("GET", "/api/2.0/sql/warehouses", {})
    assert Lookups(client).has_rows("main.gold.t") is None
