"""Results of statements in the form of the Statement Execution API: text values, JSON for nested ones."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sandbox.column_types import api_type

_WITHOUT_ZONE = "timestamp_ntz"
_ALL_BUT_FIELD_NAMES = re.compile(r"\w+(?!\w*:)")


def rows_of(frame: Any, limit: int | None) -> dict[str, Any]:
    """Return columns, rows and whether rows were cut off."""
    taken = frame.take(limit + 1) if limit and frame.columns else frame.collect()
    cut = bool(limit) and len(taken) > (limit or 0)
    fields = frame.schema.fields
    writers = [_writer(field.dataType.typeName()) for field in fields]
    rows = [
        [None if cell is None else write(cell) for write, cell in zip(writers, row, strict=True)]
        for row in (taken[:limit] if cut else taken)
    ]
    return {"columns": [_column(n, f) for n, f in enumerate(fields)], "rows": rows, "truncated": cut}


def _column(position: int, field: Any) -> dict[str, Any]:
    type_text = _ALL_BUT_FIELD_NAMES.sub(lambda found: found[0].upper(), field.dataType.simpleString())
    return {
        "name": field.name,
        "type_text": type_text,
        "type_name": api_type(type_text),
        "position": position,
    }


def _writer(type_name: str) -> Callable[[Any], str]:
    """Return what writes the cells of a column of this type."""
    if type_name == _WITHOUT_ZONE:
        return lambda cell: str(cell.isoformat(timespec="milliseconds"))
    return _text


def _text(cell: Any) -> str:
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, dt.datetime):  # engines and workers run in UTC, and Spark's client returns local times
        return cell.isoformat(timespec="milliseconds") + "Z"
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
