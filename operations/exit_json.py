"""The exit JSON of a notebook: what a run says of itself, in both forms that are in use. Pure."""

from __future__ import annotations

import json
import math
from typing import Any

from workspace.models import Model

PARTIAL_SUCCESS_SHARE = 0.9
"""Share of items that must succeed for a partial success to pass (playbook: partial success)."""

SMALL = range(5, 10)
"""With so many items one failure passes, though it is less than the share."""

_FAILED = frozenset({"FAILED", "FAIL", "FAILURE", "ERROR"})


class ExitReport(Model):
    """What the exit value of a notebook means."""

    passed: bool
    reason: str
    document: dict[str, Any] | None = None
    failed_items: tuple[str, ...] = ()


def read_exit_value(text: str | None) -> ExitReport:
    """Judge an exit value: form A (total_items, successful), form B (total, succeeded), plain text, or nothing."""
    document = _document(text)
    if document is None:
        failed = (text or "").strip().upper() in _FAILED
        return ExitReport(
            passed=not failed, reason=f"the notebook exited with {(text or '').strip()!r}" if failed else ""
        )
    status = str(document.get("status", "")).upper()
    total = _number(document, "total_items", "total")
    failures = _failures(document, total)
    items = _failed_items(document)
    if status in _FAILED or status == "PARTIAL_SUCCESS" or failures:
        passed = status not in _FAILED and total > 0 and _acceptable(total, failures)
        count = f"{failures} of {total} items failed" if total else "no item succeeded"
        reason = f"exit JSON says {status or 'failures'}: {count}"
        return ExitReport(passed=passed, reason=reason, document=document, failed_items=items)
    return ExitReport(passed=True, reason="", document=document)


def _acceptable(total: int, failures: int) -> bool:
    allowed = math.floor(total * (1 - PARTIAL_SUCCESS_SHARE) + 1e-9)
    return failures <= max(allowed, 1 if total in SMALL else 0)


def _failures(document: dict[str, Any], total: int) -> int:
    """Return how many items failed by the worst of the figures: those given, named, or not successful."""
    given = max(_number(document, "failed"), len(_failed_items(document)))
    if "successful" in document or "succeeded" in document:
        return max(given, total - _number(document, "successful", "succeeded"))
    return given


def _document(text: str | None) -> dict[str, Any] | None:
    try:
        value = json.loads(text or "")
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _number(document: dict[str, Any], *names: str) -> int:
    for name in names:
        value = document.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return 0


def _failed_items(document: dict[str, Any]) -> tuple[str, ...]:
    errors = document.get("errors")
    named = document.get("failed_items") or (list(errors) if isinstance(errors, dict) else [])
    return tuple(str(item) for item in named)
