"""Tables of Unity Catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from workspace.errors import WorkspaceRequestError
from workspace.models import TableShape
from workspace.services.rest import get_json

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient


def read_table(client: WorkspaceClient, full_name: str) -> dict[str, Any] | None:
    """Return a table, view or metric view as JSON, None when there is none of this name.

    Raises:
        WorkspaceRequestError: the question was refused; a missing permission is not taken for a missing table.
    """
    path = f"/api/2.1/unity-catalog/tables/{quote(full_name, safe='')}"
    try:
        return get_json(client, path, {}, f"reading the table {full_name}")
    except WorkspaceRequestError as error:
        if error.status == 404:
            return None
        raise


def table_shape(client: WorkspaceClient, full_name: str) -> TableShape | None:
    """Return the columns of a table, None when there is no such table; the errors are those of `read_table`."""
    table = read_table(client, full_name)
    if table is None:
        return None
    columns = sorted(table.get("columns") or [], key=lambda column: int(column.get("position") or 0))
    return TableShape(
        name=table.get("full_name") or full_name,
        columns=tuple(str(column.get("name")) for column in columns),
        types=tuple(str(column.get("type_text") or column.get("type_name") or "") for column in columns),
    )
