"""Quality monitors by the name of their table."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from sandbox.api.context import Json, Sandbox
from sandbox.monitors.views import by_name, refresh_by_name
from sandbox.shapes import require

router = APIRouter(prefix="/api/2.1/unity-catalog/tables/{table_name}/monitor")


@router.post("")
def create(sandbox: Sandbox, table_name: str, body: Json) -> dict[str, Any]:
    """Create a monitor."""
    require(body, "assets_dir")
    return by_name(sandbox.assets.monitors.create(table_name, body))


@router.get("")
def get(sandbox: Sandbox, table_name: str) -> dict[str, Any]:
    """The monitor of a table."""
    return by_name(sandbox.assets.monitors.find(table_name))


@router.put("")
def update(sandbox: Sandbox, table_name: str, body: Json) -> dict[str, Any]:
    """Replace the configuration of a monitor."""
    return by_name(sandbox.assets.monitors.update(table_name, body))


@router.delete("")
def delete(sandbox: Sandbox, table_name: str) -> dict[str, Any]:
    """Delete a monitor."""
    sandbox.assets.monitors.delete(table_name)
    return {}


@router.post("/refreshes")
def run_refresh(sandbox: Sandbox, table_name: str) -> dict[str, Any]:
    """Begin a refresh."""
    return refresh_by_name(sandbox.assets.monitors.refresh(table_name))


@router.get("/refreshes")
def list_refreshes(sandbox: Sandbox, table_name: str) -> dict[str, Any]:
    """Refreshes, newest first."""
    return {"refreshes": [refresh_by_name(refresh) for refresh in sandbox.assets.monitors.refreshes(table_name)]}


@router.get("/refreshes/{refresh_id}")
def get_refresh(sandbox: Sandbox, table_name: str, refresh_id: int) -> dict[str, Any]:
    """One refresh."""
    return refresh_by_name(sandbox.assets.monitors.find_refresh(table_name, refresh_id))


@router.post("/refreshes/{refresh_id}/cancel")
def cancel_refresh(sandbox: Sandbox, table_name: str, refresh_id: int) -> dict[str, Any]:
    """Cancel a refresh."""
    sandbox.assets.monitors.cancel(table_name, refresh_id)
    return {}
