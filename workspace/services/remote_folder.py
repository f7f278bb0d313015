"""Files of the workspace below a folder, and the deployment's state in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from workspace.errors import WorkspaceRequestError
from workspace.lock import LOCK_NAME
from workspace.sdk import translated
from workspace.services.deployed_objects import is_missing
from workspace.services.rest import get_json

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

MAX_FOLDERS = 500
"""Folders that are looked into; a count that stops there is still no zero."""


def count_files(client: WorkspaceClient, folder: str) -> int:
    """Return how many files and notebooks stand below a folder, without our own lock; 0 when there is no folder."""
    count, folders, looked = 0, [folder], 0
    while folders and looked < MAX_FOLDERS:
        place = folders.pop()
        looked += 1
        for entry in _listing(client, place):
            path = str(entry.get("path") or "")
            if entry.get("object_type") == "DIRECTORY":
                folders.append(path)
            # Paths come back with or without their leading `/Workspace`, so only the name is compared.
            elif place != folder or path.rpartition("/")[2] != LOCK_NAME:
                count += 1
    return count + len(folders)


def deployed_ids(client: WorkspaceClient, remote_root: str) -> Mapping[str, str]:
    """Return the ids that the direct engine's state in the workspace has, by resource key; empty without such a state.

    It also knows resources that the bundle's files no longer have.
    """
    from databricks.sdk.errors import NotFound  # noqa: PLC0415 - loaded with the client

    path = f"{remote_root.rstrip('/')}/state/resources.json"
    with translated(f"reading the deployment's state {path}"):
        try:
            content = client.workspace.download(path).read()
        except NotFound:
            return {}
    try:
        entries = json.loads(content)["state"]
        return {key.removeprefix("resources."): str(entry["__id__"]) for key, entry in entries.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise WorkspaceRequestError(f"{path} is no deployment state of a known form. Look at it by hand.") from None


def _listing(client: WorkspaceClient, folder: str) -> list[dict[str, Any]]:
    try:
        answer = get_json(client, "/api/2.0/workspace/list", {"path": folder}, f"listing {folder}")
    except WorkspaceRequestError as error:
        if is_missing(error):
            return []
        raise
    return list(answer.get("objects") or [])
