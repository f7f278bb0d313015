"""Results of statements in the form of the Statement Execution API: text values, JSON for nested ones."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

from sandbox.column_types import api_type
from sandbox.spark import rewrite


def rows_of(frame: Any, limit: int | None) -> dict[str, Any]:
    """Return columns, rows and whether rows were cut off."""
    taken = frame.take(limit + 1) if limit and frame.columns else frame.collect()
    cut = bool(limit) and len(taken) > (limit or 0)
    rows = [[None if cell is None else _text(cell) for cell in row] for row in (taken[:limit] if cut else taken)]
    return {"columns": [_column(n, f) for n, f in enumerate(frame.schema.fields)], "rows": rows, "truncated": cut}


def _column(position: int, field: Any) -> dict[str, Any]:
    type_text = field.dataType.simpleString().upper()
    return {
        "name": field.name,
        "type_text": type_text,
        "type_name": api_type(type_text),
        "position": position,
    }


def _text(cell: Any) -> str:
    if isinstance(cell, str):
        return rewrite.from_spark(cell)
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, dt.datetime):
        return cell.isoformat(timespec="milliseconds") + ("" if cell.tzinfo else "Z")
    if isinstance(cell, list | dict | tuple):
        return json.dumps(_plain(cell))
    return cell.hex() if isinstance(cell, bytes | bytearray) else str(cell)


def _plain(value: Any) -> Any:
    if hasattr(value, "asDict"):
        return _plain(value.asDict())
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, dt.date | Decimal | bytes | bytearray) else value
