from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from databricks.sdk.errors import BadRequest, InvalidParameterValue, NotFound, ResourceAlreadyExists
from databricks.sdk.service.workspace import ImportFormat

if TYPE_CHECKING:
    from tests.contract.conftest import Sandbox

NOTEBOOK = b"# Databricks notebook source\nprint(1)\n"


def put(sandbox: Sandbox, path: str, content: bytes, *, overwrite: bool) -> None:
    sandbox.client.api_client.do(
        "POST",
        f"/api/2.0/workspace-files/import-file{path}",
        query={"overwrite": str(overwrite).lower()},
        data=content,
        headers={"Content-Type": "application/octet-stream"},
    )


def test_a_file_is_read_back_as_it_was_written(sandbox: Sandbox) -> None:
    content = bytes(range(256))
    put(sandbox, "/Workspace/Shared/data.bin", content, overwrite=True)
    assert sandbox.client.workspace.download("/Workspace/Shared/data.bin").read() == content


def test_a_file_that_exists_is_not_overwritten_unasked(sandbox: Sandbox) -> None:
    put(sandbox, "/Workspace/Shared/lock.json", b"first", overwrite=True)
    with pytest.raises(ResourceAlreadyExists, match="already exists"):
        put(sandbox, "/Workspace/Shared/lock.json", b"second", overwrite=False)
    assert sandbox.client.workspace.download("/Shared/lock.json").read() == b"first"


def test_a_file_needs_its_parent_folder(sandbox: Sandbox) -> None:
    with pytest.raises(NotFound, match="parent folder"):
        put(sandbox, "/Workspace/Shared/no/such/folder/a.txt", b"", overwrite=False)


def test_a_notebook_is_known_by_its_name_without_extension(sandbox: Sandbox) -> None:
    put(sandbox, "/Workspace/Shared/load.py", NOTEBOOK, overwrite=True)
    shown = sandbox.client.workspace.get_status("/Workspace/Shared/load").as_dict()
    assert (shown["object_type"], shown["language"], shown["path"]) == ("NOTEBOOK", "PYTHON", "/Shared/load")
    with pytest.raises(NotFound):
        sandbox.client.workspace.get_status("/Workspace/Shared/load.py")


def test_an_upload_by_form_keeps_every_byte(sandbox: Sandbox) -> None:
    content = b"a\r\nb\n\n\x00\xff"
    sandbox.client.workspace.upload("/Shared/form.bin", content, format=ImportFormat.AUTO, overwrite=True)
    assert sandbox.client.workspace.download("/Shared/form.bin").read() == content


def test_no_path_leads_out_of_the_workspace(sandbox: Sandbox) -> None:
    with pytest.raises(InvalidParameterValue, match="must not contain"):
        sandbox.client.workspace.get_status("/Workspace/Shared/../../token")
    with pytest.raises(InvalidParameterValue, match="must not contain"):
        put(sandbox, "/Workspace/Shared/..%2F..%2Ftoken", b"stolen", overwrite=True)


def test_a_deleted_folder_is_gone_with_all_that_was_in_it(sandbox: Sandbox) -> None:
    sandbox.client.workspace.mkdirs("/Shared/old/deep")
    put(sandbox, "/Workspace/Shared/old/deep/a.txt", b"", overwrite=True)
    sandbox.client.workspace.delete("/Shared/old", recursive=True)
    with pytest.raises(NotFound):
        sandbox.client.workspace.get_status("/Shared/old")


def test_a_body_that_is_no_json_is_a_malformed_request(sandbox: Sandbox) -> None:
    with pytest.raises(BadRequest, match="cannot be decoded") as refused:
        sandbox.client.api_client.do("POST", "/api/2.0/workspace/import", data=b"{no json")
    assert refused.value.error_code == "MALFORMED_REQUEST"
