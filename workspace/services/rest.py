"""Reads JSON from the workspace where the SDK's classes lose something: unknown words of an enum, or whole fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from workspace.sdk import translated

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

MAX_PAGES = 200


def get_json(client: WorkspaceClient, path: str, query: Mapping[str, Any], doing: str) -> dict[str, Any]:
    """Return the JSON object at the path.

    Raises:
        WorkspaceRequestError: the workspace refused or failed the request; `doing` says during what.
    """
    headers = {"Accept": "application/json"}
    if client.config.workspace_id:
        headers["X-Databricks-Workspace-Id"] = str(client.config.workspace_id)
    with translated(doing):
        answer = client.api_client.do("GET", path, query=dict(query), headers=headers)
    return answer if isinstance(answer, dict) else {}


def get_pages(client: WorkspaceClient, path: str, query: Mapping[str, Any], doing: str) -> Iterator[dict[str, Any]]:
    """Return the pages of a list, bounded: a list that never ends must not hold us."""
    token: str | None = None
    for _ in range(MAX_PAGES):
        page = get_json(client, path, {**query, **({"page_token": token} if token else {})}, doing)
        yield page
        token = page.get("next_page_token")
        if not token:
            return
