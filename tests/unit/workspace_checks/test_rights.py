from __future__ import annotations

from typing import Any

import pytest
from databricks.sdk import WorkspaceClient

from tests.unit.workspace.conftest import LoopbackWorkspace
from workspace.errors import SetupError
from workspace.services.rights import try_writing, visible_warehouse

WAREHOUSES = "/api/2.0/sql/warehouses"


def warehouse(number: str, state: str) -> dict[str, Any]:
    return {"id": number, "name": f"wh {number}", "state": state}


def with_folder(workspace: LoopbackWorkspace) -> list[str]:
    """Let the workspace take every file, and tell what was asked for in its order."""
    workspace.answer("POST", "/api/2.0/workspace/mkdirs", {})
    workspace.answer("POST", "/api/2.0/workspace/delete", {})
    return [path for _, path, _, _ in workspace.requests]


def test_what_was_written_is_deleted_again(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    with_folder(workspace)
    kept = workspace.reply

    def reply(method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        found = kept(method, path, query, body)
        return (200, {}) if "import-file" in path else found

    workspace.reply = reply  # type: ignore[method-assign]  # the path has a name by chance in it
    assert try_writing(client, "me@example.com") == "/Workspace/Users/me@example.com/.bundle"
    written = [path for _, path, _, _ in workspace.requests if "import-file" in path]
    (deleted,) = workspace.asked("/api/2.0/workspace/delete")
    assert len(written) == 1
    assert deleted[3]["path"].endswith(written[0].rpartition("/")[2])


def test_a_folder_that_may_not_be_written_is_told_with_how_to_mend_it(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    workspace.fail("POST", "/api/2.0/workspace/mkdirs", 403, "PERMISSION_DENIED", "not yours")
    with pytest.raises(SetupError, match=r"not yours[\s\S]*workspace.root_path"):
        try_writing(client, "me@example.com")


def test_a_running_warehouse_comes_first_and_a_wanted_one_before_it(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    workspace.answer("GET", WAREHOUSES, {"warehouses": [warehouse("1", "STOPPED"), warehouse("2", "RUNNING")]})
    assert visible_warehouse(client, None) == "wh 2 (2), running"
    assert visible_warehouse(client, "1") == "wh 1 (1), stopped"


def test_without_a_warehouse_it_is_said_what_is_not_checked(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    workspace.answer("GET", WAREHOUSES, {"warehouses": [warehouse("1", "DELETED")]}, {})
    with pytest.raises(SetupError, match=r"SQL warehouse 7 .* there are: 1 \(wh 1\)"):
        visible_warehouse(client, "7")
    with pytest.raises(SetupError, match=r"are not checked.*Can Use"):
        visible_warehouse(client, None)
