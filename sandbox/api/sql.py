"""SQL statements, and the warehouse that executes them."""

from __future__ import annotations

import re
from typing import Any

from fastapi import APIRouter

from sandbox.api.context import Json, Sandbox
from sandbox.errors import ApiError
from sandbox.statements import chunk, shown

router = APIRouter(prefix="/api/2.0/sql")


@router.post("/statements")
def execute(sandbox: Sandbox, body: Json) -> dict[str, Any]:
    """Execute a statement and wait for it as long as the request says."""
    text = body.get("statement")
    if not text:
        raise ApiError.invalid("Missing required field: statement")
    if not body.get("warehouse_id"):
        raise ApiError.invalid("Missing required field: warehouse_id")
    sandbox.warehouse.require(body["warehouse_id"])
    _check_form(body)
    seconds = _seconds(body.get("wait_timeout") or "10s")
    sandbox.warehouse.running = True
    statement = sandbox.statements.submit(
        text,
        catalog=body.get("catalog"),
        schema=body.get("schema"),
        parameters=tuple(body.get("parameters") or ()),
        row_limit=body.get("row_limit"),
    )
    if not statement.ended.wait(seconds) and body.get("on_wait_timeout") == "CANCEL":
        sandbox.statements.cancel(statement.statement_id)
        statement.ended.wait(5)
    return shown(statement)


@router.get("/statements/{statement_id}")
def get(sandbox: Sandbox, statement_id: str) -> dict[str, Any]:
    """State of a statement, with the first chunk of its result."""
    return shown(sandbox.statements.find(statement_id))


@router.get("/statements/{statement_id}/result/chunks/{index}")
def get_chunk(sandbox: Sandbox, statement_id: str, index: int) -> dict[str, Any]:
    """One chunk of a result."""
    return chunk(sandbox.statements.find(statement_id), index)


@router.post("/statements/{statement_id}/cancel")
def cancel(sandbox: Sandbox, statement_id: str) -> dict[str, Any]:
    """Cancel a statement."""
    sandbox.statements.cancel(statement_id)
    return {}


@router.get("/warehouses")
def list_warehouses(sandbox: Sandbox) -> dict[str, Any]:
    """The one warehouse."""
    return {"warehouses": [sandbox.warehouse.shown()]}


@router.get("/warehouses/{warehouse_id}")
def get_warehouse(sandbox: Sandbox, warehouse_id: str) -> dict[str, Any]:
    """The one warehouse."""
    sandbox.warehouse.require(warehouse_id)
    return sandbox.warehouse.shown()


@router.post("/warehouses/{warehouse_id}/start")
def start(sandbox: Sandbox, warehouse_id: str) -> dict[str, Any]:
    """Start the warehouse."""
    sandbox.warehouse.require(warehouse_id)
    sandbox.warehouse.running = True
    return {}


@router.post("/warehouses/{warehouse_id}/stop")
def stop(sandbox: Sandbox, warehouse_id: str) -> dict[str, Any]:
    """Stop the warehouse; the next statement starts it again."""
    sandbox.warehouse.require(warehouse_id)
    sandbox.warehouse.running = False
    return {}


def _check_form(body: dict[str, Any]) -> None:
    if body.get("disposition", "INLINE") != "INLINE" or body.get("format", "JSON_ARRAY") != "JSON_ARRAY":
        raise ApiError.not_served("results other than disposition INLINE with format JSON_ARRAY")


def _seconds(text: str) -> int:
    found = re.fullmatch(r"(\d+)s", text)
    seconds = int(found[1]) if found else -1
    if seconds != 0 and not 5 <= seconds <= 50:
        raise ApiError.invalid(f"wait_timeout must be 0s or between 5s and 50s, but is {text}.")
    return seconds
