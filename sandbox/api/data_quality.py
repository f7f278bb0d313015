"""Data quality monitors by the ids of their objects."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from sandbox.api.context import Json, Sandbox
from sandbox.api.pages import page
from sandbox.monitors.views import refresh_by_id

router = APIRouter(prefix="/api/data-quality/v1/monitors")


@router.post("")
def create(sandbox: Sandbox, body: Json) -> dict[str, Any]:
    """Create a monitor."""
    return sandbox.assets.monitors_by_id.create(body)


@router.get("")
def list_monitors(sandbox: Sandbox, page_size: int | None = None, page_token: str | None = None) -> dict[str, Any]:
    """All monitors."""
    return page("monitors", sandbox.assets.monitors_by_id.all(), page_size, page_token)


@router.get("/{object_type}/{object_id}")
def get(sandbox: Sandbox, object_type: str, object_id: str) -> dict[str, Any]:
    """One monitor."""
    return sandbox.assets.monitors_by_id.get(object_type, object_id)


@router.patch("/{object_type}/{object_id}")
def update(
    sandbox: Sandbox, object_type: str, object_id: str, body: Json, update_mask: str | None = None
) -> dict[str, Any]:
    """Change the fields that the mask names."""
    return sandbox.assets.monitors_by_id.update(object_type, object_id, body, update_mask)


@router.delete("/{object_type}/{object_id}")
def delete(sandbox: Sandbox, object_type: str, object_id: str) -> dict[str, Any]:
    """Delete a monitor."""
    sandbox.assets.monitors_by_id.delete(object_type, object_id)
    return {}


@router.post("/{object_type}/{object_id}/refreshes")
def create_refresh(sandbox: Sandbox, object_type: str, object_id: str) -> dict[str, Any]:
    """Begin a refresh."""
    return refresh_by_id(sandbox.assets.monitors.refresh(sandbox.assets.monitors_by_id.table(object_type, object_id)))


@router.get("/{object_type}/{object_id}/refreshes")
def list_refreshes(
    sandbox: Sandbox, object_type: str, object_id: str, page_size: int | None = None, page_token: str | None = None
) -> dict[str, Any]:
    """Refreshes, newest first."""
    table = sandbox.assets.monitors_by_id.table(object_type, object_id)
    shown = [refresh_by_id(refresh) for refresh in sandbox.assets.monitors.refreshes(table)]
    return page("refreshes", shown, page_size, page_token)


@router.get("/{object_type}/{object_id}/refreshes/{refresh_id}")
def get_refresh(sandbox: Sandbox, object_type: str, object_id: str, refresh_id: int) -> dict[str, Any]:
    """One refresh."""
    table = sandbox.assets.monitors_by_id.table(object_type, object_id)
    return refresh_by_id(sandbox.assets.monitors.find_refresh(table, refresh_id))


@router.post("/{object_type}/{object_id}/refreshes/{refresh_id}/cancel")
def cancel_refresh(sandbox: Sandbox, object_type: str, object_id: str, refresh_id: int) -> dict[str, Any]:
    """Cancel a refresh."""
    table = sandbox.assets.monitors_by_id.table(object_type, object_id)
    return {"refresh": refresh_by_id(sandbox.assets.monitors.cancel(table, refresh_id))}
