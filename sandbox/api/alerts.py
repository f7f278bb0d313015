"""Alerts V2."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from sandbox.alerts import shown
from sandbox.api.context import Json, Sandbox
from sandbox.api.pages import page

router = APIRouter(prefix="/api/2.0/alerts")


@router.post("")
def create(sandbox: Sandbox, body: Json) -> dict[str, Any]:
    """Create an alert."""
    return shown(sandbox.assets.alerts.create(body))


@router.get("")
def list_alerts(sandbox: Sandbox, page_size: int | None = None, page_token: str | None = None) -> dict[str, Any]:
    """Alerts that are not in the trash, by creation time."""
    return page("alerts", [shown(record) for record in sandbox.assets.alerts.live()], page_size, page_token)


@router.get("/{alert_id}")
def get(sandbox: Sandbox, alert_id: str) -> dict[str, Any]:
    """One alert; one in the trash says so in its lifecycle_state."""
    return shown(sandbox.assets.alerts.find(alert_id))


@router.patch("/{alert_id}")
def update(sandbox: Sandbox, alert_id: str, body: Json, update_mask: str | None = None) -> dict[str, Any]:
    """Change the fields that the mask names."""
    return shown(sandbox.assets.alerts.update(alert_id, body, update_mask))


@router.delete("/{alert_id}")
def trash(
    sandbox: Sandbox,
    alert_id: str,
    purge: bool = False,  # noqa: FBT001, FBT002  a query parameter
) -> dict[str, Any]:
    """Move an alert to the trash, or delete it for good."""
    sandbox.assets.alerts.trash(alert_id, purge=purge)
    return {}
