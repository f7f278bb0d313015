"""Lists that come in pages."""

from __future__ import annotations

import base64
from typing import Any

from sandbox.errors import ApiError

LARGEST_PAGE = 100


def page(name: str, items: list[dict[str, Any]], size: int | None, token: str | None) -> dict[str, Any]:
    """One page of a list, with the token of the next if there is one."""
    if size is not None and size < 0:
        raise ApiError.invalid(f"page_size must not be negative, but is {size}.")
    size = min(size or LARGEST_PAGE, LARGEST_PAGE)
    try:
        first = int(base64.urlsafe_b64decode(token)) if token else 0
    except ValueError as error:
        raise ApiError.invalid("page_token is invalid.") from error
    shown: dict[str, Any] = {name: items[first : first + size]} if items[first : first + size] else {}
    if first + size < len(items):
        shown["next_page_token"] = base64.urlsafe_b64encode(str(first + size).encode()).decode()
    return shown
