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
    return _page(name, items, min(size or LARGEST_PAGE, LARGEST_PAGE), token)


def page_with_end(name: str, items: list[dict[str, Any]], size: int, token: str | None) -> dict[str, Any]:
    """One page of a list that also says whether there are more."""
    shown = _page(name, items, size, token)
    return shown | {"has_more": "next_page_token" in shown}


def _page(name: str, items: list[dict[str, Any]], size: int, token: str | None) -> dict[str, Any]:
    try:
        first = int(base64.urlsafe_b64decode(token)) if token else 0
    except ValueError as error:
        raise ApiError.invalid("page_token is invalid.") from error
    last = first + size
    shown: dict[str, Any] = {name: items[first:last]} if items[first:last] else {}
    if last < len(items):
        shown["next_page_token"] = base64.urlsafe_b64encode(str(last).encode()).decode()
    return shown
