"""The exit JSON of a notebook: what a run says of itself, in both forms that are in use. Pure.

A person wrote the notebook, so every figure may come as number, text or list; what cannot be a figure counts as none.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from workspace.models import Model

PARTIAL_SUCCESS_SHARE = 0.9
"""Share of items that must succeed for a partial success to pass, unless a setting says otherwise."""

SMALL = range(5, 10)
"""With so many items one failure passes, though it is less than the share; not where all must succeed."""

MAX_DEPTH = 20
"""What is nested deeper tells nothing about the run, and is left out."""

MAX_NAME = 200

_FAILED = re.compile(r"\W*(?:FAILED|FAIL|FAILURE|ERROR)(?:\W*$|[\s:;,.!([{=-]+(?!\s|0+\W*$)(?<![A-Z]-))", re.IGNORECASE)
"""Text that opens with a word of failure; `failed: 0` counts nothing, and `error-free` is another word."""


class ExitReport(Model):
    """What the exit value of a notebook means."""

    passed: bool
    reason: str
    document: dict[str, Any] | None = None
    failed_items: tuple[str, ...] = ()


def read_exit_value(text: str | None, share: float = PARTIAL_SUCCESS_SHARE) -> ExitReport:
    """Judge an exit value: form A (total_items, successful), form B (total, succeeded), plain text, or nothing.

    Args:
        text: the exit value.
        share: share of the items that must succeed, 0 to 1.
    """
    value = _unwrapped(text or "")
    if not isinstance(value, dict):
        said = value.strip() if isinstance(value, str) else ""
        failed = bool(_FAILED.match(said))
        return ExitReport(passed=not failed, reason=f"the notebook exited with {said!r}" if failed else "")
    return _judged(value, share)


def _judged(document: dict[str, Any], share: float) -> ExitReport:
    status = str(document.get("status") or "").strip()
    says_failed = bool(_FAILED.match(status))
    total = _number(document, "total_items", "total")
    failures = _failures(document, total)
    if not (says_failed or status.upper() == "PARTIAL_SUCCESS" or failures):
        return ExitReport(passed=True, reason="", document=document)
    count = f"{failures} of {total} items failed" if total else "no item succeeded"
    return ExitReport(
        passed=not says_failed and total > 0 and acceptable(total, failures, share),
        reason=f"exit JSON says {status.upper() or 'failures'}: {count}",
        document=document,
        failed_items=_failed_items(document),
    )


def acceptable(total: int, failures: int, share: float = PARTIAL_SUCCESS_SHARE) -> bool:
    """Tell whether so many failures of so many items let a whole pass."""
    allowed = math.floor(total * (1 - share) + 1e-9)
    return failures <= max(allowed, 1 if total in SMALL and share < 1 else 0)


def _failures(document: dict[str, Any], total: int) -> int:
    """Return how many items failed by the worst of the figures: those given, named, or not successful."""
    named = (_count(document.get(name)) for name in ("failed", "failed_items", "errors"))
    given = max(*named, len(_failed_items(document)))
    if "successful" in document or "succeeded" in document:
        return max(given, total - _number(document, "successful", "succeeded"))
    return given


def _failed_items(document: dict[str, Any]) -> tuple[str, ...]:
    """Return the names of the failed items, from the first member that has some."""
    for value in (document.get("failed_items"), document.get("errors"), document.get("failed")):
        if isinstance(value, list | dict):
            names = tuple(_name(item) for item in value)
        else:
            names = (str(value).strip()[:MAX_NAME],) if _is_name(value) else ()
        if names:
            return names
    return ()


def _name(item: Any) -> str:
    """Return what one failed item is called: its own text, or the texts in it."""
    parts = item.values() if isinstance(item, dict) else [item]
    return " ".join(str(part) for part in parts if not isinstance(part, dict | list))[:MAX_NAME]


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and _as_number(value) is None


def _count(value: Any) -> int:
    return len(value) if isinstance(value, list | dict) else _as_number(value) or 0


def _number(document: dict[str, Any], *names: str) -> int:
    return next((number for name in names if (number := _as_number(document.get(name))) is not None), 0)


def _as_number(value: Any) -> int | None:
    """Return a whole number that is written as number or as text, None for everything else."""
    if isinstance(value, str) and re.fullmatch(r"\s*\d{1,15}(?:\.0+)?\s*", value):
        return int(float(value))
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15:
        return int(value)
    return None


def _unwrapped(text: str) -> Any:
    """Return the JSON value, also of JSON that was put into a JSON string; the text itself where it is none."""
    value: Any = text
    for _ in range(3):
        if not isinstance(value, str):
            break
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return value
    return _pruned(value, MAX_DEPTH)


def _pruned(value: Any, depth: int) -> Any:
    if not isinstance(value, dict | list):
        return value
    if depth == 0:
        return "…"
    if isinstance(value, Mapping):
        return {key: _pruned(member, depth - 1) for key, member in value.items()}
    return [_pruned(member, depth - 1) for member in value]
