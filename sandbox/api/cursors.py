"""Pages of the Jobs API: lists by a place in their sequence, long arrays of one object by their offset."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request

from sandbox.errors import ApiError
from sandbox.store import Collection, Page, Query, Record

ARRAY_PAGE = 100
"""Elements of an array on one page of `jobs/get` and `jobs/runs/get`, since version 2.2 of the API."""
R = TypeVar("R", bound=Record)


def records_page(collection: Collection[R], query: Query, limit: int, token: str | None) -> Page[R]:
    """The page of a list that a token names, or the first."""
    word, place = _decoded(token) if token else ("", 0)
    if word == "before":
        return collection.page(query, limit, before=place)
    if word == "after":
        return collection.page(query, limit, after=place)
    if word:
        raise _invalid()
    return collection.page(query, limit)


def tokens(page: Page[Any]) -> dict[str, Any]:
    """What a list says about the pages around it."""
    shown: dict[str, Any] = {"has_more": page.older is not None}
    if page.older is not None:
        shown["next_page_token"] = _encoded("before", page.older)
    if page.newer is not None:
        shown["prev_page_token"] = _encoded("after", page.newer)
    return shown


def array_pages(arrays: Mapping[str, Sequence[Any]], token: str | None) -> tuple[dict[str, list[Any]], dict[str, str]]:
    """The arrays of one object, cut to one page, and the token of the next page if there is one."""
    word, first = _decoded(token) if token else ("from", 0)
    if word != "from":
        raise _invalid()
    last = first + ARRAY_PAGE
    cut = {name: list(items[first:last]) for name, items in arrays.items()}
    more = any(len(items) > last for items in arrays.values())
    return cut, {"next_page_token": _encoded("from", last)} if more else {}


def has_more(arrays: Mapping[str, Sequence[Any]]) -> bool:
    """Whether the arrays do not fit on one page."""
    return any(len(items) > ARRAY_PAGE for items in arrays.values())


def _has_pages(request: Request) -> bool:
    return "/2.1/" not in request.url.path


HasPages = Annotated[bool, Depends(_has_pages)]
"""Whether the version of the API that is called cuts long arrays."""


def _encoded(word: str, place: int) -> str:
    return base64.urlsafe_b64encode(f"{word}:{place}".encode()).decode()


def _decoded(token: str) -> tuple[str, int]:
    try:
        word, _, place = base64.urlsafe_b64decode(token).decode().partition(":")
        return word, int(place)
    except ValueError as error:  # of base64, of UTF-8 and of the number
        raise _invalid() from error


def _invalid() -> ApiError:
    return ApiError.invalid("page_token is invalid.")
