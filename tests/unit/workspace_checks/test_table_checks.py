from __future__ import annotations

from databricks.sdk import WorkspaceClient

from tests.unit.workspace.conftest import LoopbackWorkspace
from tests.unit.workspace_checks.answers import STATEMENTS, refused, rows
from workspace.services.table_checks import check_tables

TABLES = ("main.gold.sales", "main.gold.rejected")


def with_tables(workspace: LoopbackWorkspace, *names: str, kind: str = "MANAGED") -> None:
    for name in names:
        path = f"/api/2.1/unity-catalog/tables/{name}"
        workspace.answer("GET", path, {"full_name": name, "table_type": kind})


def no_warehouse() -> str | None:
    return None


def test_tables_that_are_there_and_hold_rows_are_asked_for_in_one_statement(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    with_tables(workspace, *TABLES)
    workspace.answer("POST", STATEMENTS, rows(["main.gold.sales"], ["main.gold.rejected"]))
    check = check_tables(client, TABLES, TABLES, lambda: "w-1")
    assert (check.faults, check.findings, len(check.details)) == ((), (), 2)
    (asked,) = workspace.asked(STATEMENTS)
    assert asked[3]["statement"].count("LIMIT 1") == 2
    assert "`main`.`gold`.`sales`" in asked[3]["statement"]


def test_a_table_that_is_not_there_is_a_fault(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    with_tables(workspace, TABLES[0])
    check = check_tables(client, TABLES, (), no_warehouse)
    assert [fault.about for fault in check.faults] == ["main.gold.rejected"]


def test_one_empty_table_of_several_is_a_finding_and_nothing_but_empty_ones_a_fault(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    with_tables(workspace, *TABLES)
    workspace.answer("POST", STATEMENTS, rows(["main.gold.sales"]), rows())
    some = check_tables(client, (), TABLES, lambda: "w-1")
    assert (some.faults, some.findings) == ((), ("main.gold.rejected is empty",))
    assert len(check_tables(client, (), TABLES, lambda: "w-1").faults) == 2
    set_up = check_tables(client, (), TABLES, lambda: "w-1", must_fill=False)
    assert (set_up.faults, len(set_up.findings)) == ((), 2)


def test_views_and_tables_that_are_only_made_are_not_asked_for_rows(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    with_tables(workspace, TABLES[0])
    with_tables(workspace, TABLES[1], kind="METRIC_VIEW")
    assert check_tables(client, TABLES, TABLES[1:], no_warehouse).faults == ()
    assert workspace.asked(STATEMENTS) == []


def test_what_may_not_be_looked_at_is_a_finding(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    with_tables(workspace, TABLES[0])
    workspace.fail("GET", f"/api/2.1/unity-catalog/tables/{TABLES[1]}", 403, "PERMISSION_DENIED", "USE SCHEMA")
    workspace.answer("POST", STATEMENTS, refused("[INSUFFICIENT_PERMISSIONS] no"))
    check = check_tables(client, TABLES, TABLES, lambda: "w-1")
    assert check.faults == ()
    assert ["USE SCHEMA" in check.findings[0], "INSUFFICIENT_PERMISSIONS" in check.findings[1]] == [True, True]


def test_without_a_warehouse_rows_are_not_known(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    with_tables(workspace, TABLES[0])
    check = check_tables(client, (), TABLES[:1], no_warehouse)
    assert check.findings == ("there is no SQL warehouse that tells whether the tables hold rows",)
