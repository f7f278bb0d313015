"""Routes that make faults happen, which no workspace has."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import ValidationError

from sandbox.api.context import Json, Sandbox
from sandbox.errors import ApiError
from sandbox.faults import Fault

router = APIRouter(prefix="/sandbox")


@router.post("/faults")
def add(sandbox: Sandbox, body: Json) -> dict[str, Any]:
    """Put a fault in force."""
    try:
        fault = Fault.model_validate(body)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ApiError.invalid(f"Invalid fault: {place}: {first['msg']}") from error
    return {"id": sandbox.faults.add(fault)}


@router.get("/faults")
def list_faults(sandbox: Sandbox) -> dict[str, Any]:
    """The faults in force."""
    return {"faults": sandbox.faults.shown()}


@router.delete("/faults")
def clear(sandbox: Sandbox) -> dict[str, Any]:
    """End all faults."""
    sandbox.faults.clear()
    return {}


@router.delete("/faults/{number}")
def clear_one(sandbox: Sandbox, number: int) -> dict[str, Any]:
    """End one fault."""
    if not sandbox.faults.clear(number):
        raise ApiError.missing(f"Fault {number} does not exist.")
    return {}


@router.post("/engine/kill")
def kill_engine(sandbox: Sandbox) -> dict[str, Any]:
    """Kill the engine: work in progress ends as with a lost cluster, and the engine comes back."""
    sandbox.compute.lose_engine()
    return {}
