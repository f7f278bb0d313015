"""What a workspace answers, in the shape in which it answers."""

from __future__ import annotations

from typing import Any

STATEMENTS = "/api/2.0/sql/statements"


def rows(*found: list[str | None], columns: tuple[str, ...] = ("n",)) -> dict[str, Any]:
    """A statement that succeeded."""
    schema = {"columns": [{"name": name, "position": place} for place, name in enumerate(columns)]}
    return {
        "statement_id": "s-1",
        "status": {"state": "SUCCEEDED"},
        "manifest": {"schema": schema},
        "result": {"data_array": list(found)},
    }


def refused(message: str) -> dict[str, Any]:
    """A statement that failed."""
    error = {"error_code": "BAD_REQUEST", "message": message}
    return {"statement_id": "s-1", "status": {"state": "FAILED", "error": error}}
