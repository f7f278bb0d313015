"""Routes of the sandbox itself, which no workspace has."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from sandbox.api.context import Json, Sandbox
from sandbox.errors import ApiError, SandboxError
from sandbox.records import now_ms

router = APIRouter(prefix="/sandbox")


@router.get("/status")
def status(sandbox: Sandbox) -> dict[str, Any]:
    """What `sandbox status` prints."""
    return {"host": sandbox.host, "compute": dict(sandbox.compute.status())}


@router.post("/script")
def set_script(sandbox: Sandbox, body: Json) -> dict[str, Any]:
    """Replace the script of the scripted compute mode."""
    replace = getattr(sandbox.compute, "set_script", None)
    if replace is None:
        raise ApiError.invalid_state("This sandbox runs real engines; only the compute mode 'scripted' takes a script.")
    try:
        replace(body)
    except SandboxError as error:
        raise ApiError.invalid(str(error)) from error
    return {}


@router.post("/tick")
def tick(sandbox: Sandbox, body: Json) -> dict[str, Any]:
    """Begin everything that is scheduled up to a moment (`at`, milliseconds since the epoch; now if left out)."""
    moment = body.get("at", now_ms())
    if not isinstance(moment, int):
        raise ApiError.invalid("at must be a number of milliseconds since the epoch.")
    return {"begun": sandbox.ticker.tick(moment)}


@router.post("/alerts/{alert_id}/evaluate")
def evaluate_alert(sandbox: Sandbox, alert_id: str) -> dict[str, Any]:
    """Evaluate an alert now; returns its state, and why if that is ERROR."""
    record = sandbox.assets.alerts.evaluate(alert_id)
    return {"state": record.state, "message": record.message}


@router.post("/dashboards/{dashboard_id}/check")
def check_dashboard(sandbox: Sandbox, dashboard_id: str) -> dict[str, Any]:
    """Run the query of each dataset of a dashboard; says how each ended."""
    return {"datasets": sandbox.assets.dashboards.check_datasets(dashboard_id)}
