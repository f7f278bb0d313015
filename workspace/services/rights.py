"""What the credentials may do, tried out: write below one's own folder in the workspace, and see a SQL warehouse."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING
from urllib.parse import quote

from workspace.errors import SetupError, WorkspaceRequestError
from workspace.redaction import redact
from workspace.sdk import translated
from workspace.services.rest import get_json
from workspace.services.table_sizes import USABLE

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient


def try_writing(client: WorkspaceClient, user: str) -> str:
    """Write a small file below the folder in which bundles of this user are deployed, delete it, return the folder.

    Raises:
        SetupError: it may not be written; the text says how to mend it.
    """
    folder = f"/Workspace/Users/{user}/.bundle"
    own_file = f"{folder}/.bundleops-doctor-{secrets.token_hex(4)}"
    try:
        with translated(f"writing {own_file}"):
            client.workspace.mkdirs(folder)
            address = f"/api/2.0/workspace-files/import-file/{quote(own_file.lstrip('/'), safe='')}"
            client.api_client.do("POST", address, query={"overwrite": "false"}, data=b"bundleops doctor")
            client.workspace.delete(own_file)
    except WorkspaceRequestError as error:
        raise SetupError(
            f"{error}\nBundles are deployed below {folder} unless they name another root path: an administrator gives "
            "the right Can Edit on that folder, or the bundle names a workspace.root_path that may be written."
        ) from None
    return folder


def visible_warehouse(client: WorkspaceClient, wanted: str | None) -> str:
    """Return name and state of the warehouse for checks: the wanted one, else the first that can answer.

    Raises:
        SetupError: there is none, or it may not be used.
    """
    listed = get_json(client, "/api/2.0/sql/warehouses", {}, "listing SQL warehouses").get("warehouses") or []
    usable = [one for one in listed if one.get("state") in USABLE]
    if wanted:
        usable = [one for one in usable if str(one.get("id")) == wanted]
    if not usable:
        there = ", ".join(redact(f"{one.get('id')} ({one.get('name')})") for one in listed[:10]) or "none"
        what = f"SQL warehouse {wanted} (BUNDLEOPS_WAREHOUSE) is not" if wanted else "No SQL warehouse is"
        raise SetupError(
            f"{what} to be seen; there are: {there}.\nWithout one, rows of tables, dashboards, alerts and Genie spaces "
            "are not checked. Make one, or ask for the right Can Use on one."
        )
    best = min(usable, key=lambda one: USABLE.index(str(one["state"])))
    return redact(f"{best.get('name')} ({best.get('id')}), {str(best['state']).lower()}")
