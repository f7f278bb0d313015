"""Lakeview dashboards."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from sandbox.api.context import Json, Sandbox
from sandbox.api.pages import page
from sandbox.dashboards import shown

router = APIRouter(prefix="/api/2.0/lakeview/dashboards")


@router.post("")
def create(
    sandbox: Sandbox, body: Json, dataset_catalog: str | None = None, dataset_schema: str | None = None
) -> dict[str, Any]:
    """Create a draft."""
    return shown(sandbox.assets.dashboards.create(body, {"catalog": dataset_catalog, "schema": dataset_schema}))


@router.get("")
def list_dashboards(
    sandbox: Sandbox,
    page_size: int | None = None,
    page_token: str | None = None,
    show_trashed: bool = False,  # noqa: FBT001, FBT002  a query parameter
) -> dict[str, Any]:
    """Dashboards without their content."""
    records = sandbox.assets.dashboards.all() if show_trashed else sandbox.assets.dashboards.live()
    return page("dashboards", [shown(record, content=False) for record in records], page_size, page_token)


@router.get("/{dashboard_id}")
def get(sandbox: Sandbox, dashboard_id: str) -> dict[str, Any]:
    """One draft; one in the trash says so in its lifecycle_state."""
    return shown(sandbox.assets.dashboards.find(dashboard_id))


@router.patch("/{dashboard_id}")
def update(
    sandbox: Sandbox,
    dashboard_id: str,
    body: Json,
    dataset_catalog: str | None = None,
    dataset_schema: str | None = None,
) -> dict[str, Any]:
    """Change a draft."""
    datasets = {"catalog": dataset_catalog, "schema": dataset_schema}
    return shown(sandbox.assets.dashboards.update(dashboard_id, body, datasets))


@router.delete("/{dashboard_id}")
def trash(sandbox: Sandbox, dashboard_id: str) -> dict[str, Any]:
    """Move a dashboard to the trash."""
    sandbox.assets.dashboards.trash(dashboard_id)
    return {}


@router.post("/{dashboard_id}/published")
def publish(sandbox: Sandbox, dashboard_id: str, body: Json) -> dict[str, Any]:
    """Publish the draft."""
    return sandbox.assets.dashboards.publish(dashboard_id, body).published or {}


@router.get("/{dashboard_id}/published")
def get_published(sandbox: Sandbox, dashboard_id: str) -> dict[str, Any]:
    """What is published."""
    return sandbox.assets.dashboards.published(dashboard_id)


@router.delete("/{dashboard_id}/published")
def unpublish(sandbox: Sandbox, dashboard_id: str) -> dict[str, Any]:
    """Take back what is published."""
    sandbox.assets.dashboards.unpublish(dashboard_id)
    return {}


@router.post("/{dashboard_id}/revert")
def revert(sandbox: Sandbox, dashboard_id: str, body: Json) -> dict[str, Any]:
    """Make the draft what is published."""
    return {"etag": str(sandbox.assets.dashboards.revert(dashboard_id, body.get("etag")).etag)}
