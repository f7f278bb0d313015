"""Column types by the names that the API gives them."""

from __future__ import annotations

import re

_API_NAMES = {"BIGINT": "LONG", "SMALLINT": "SHORT", "TINYINT": "BYTE", "VOID": "NULL"}


def api_type(type_text: str) -> str:
    """Return the API's name of a type in Spark's spelling, without its parameters and fields."""
    name = re.split(r"[(< ]", type_text.upper(), maxsplit=1)[0]
    return _API_NAMES.get(name, name)
