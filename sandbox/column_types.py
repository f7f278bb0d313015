"""Column types by the names that the API gives them."""

from __future__ import annotations

_API_NAMES = {"BIGINT": "LONG", "SMALLINT": "SHORT", "TINYINT": "BYTE", "VOID": "NULL"}


def api_type(type_text: str) -> str:
    """Return the API's name of a type in Spark's spelling, without its parameters and fields."""
    name = type_text.upper().partition("(")[0].partition("<")[0]
    return _API_NAMES.get(name, name)
