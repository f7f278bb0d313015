"""Routes of the sandbox itself, which no workspace has."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from sandbox.api.context import Json, Sandbox
from sandbox.errors import ApiError, SandboxError

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
