"""What a text's error condition says without being spelled out: its SQLSTATE.

Older runtimes and many client libraries print `[CONDITION]` and no SQLSTATE. Families of faults are told by SQLSTATE,
so the matcher reads it as one more line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_NAMED = re.compile(
    r"\[([A-Z][A-Z0-9_]{2,80})(?:\.[A-Z0-9_]{1,80})?\]"
    r"|(?:[Ee]rror ?[Cc]lass|error_?[Cc]lass|errorClass|condition)\W{1,4}([A-Z][A-Z0-9_]{2,80})\b"
    r"|\b(DELTA_[A-Z0-9_]{3,80})\b"
)
"""A condition stands in brackets, or behind the words `error class`; Delta's names are unmistakable anywhere.
Every repetition is bounded, so the search is linear."""

_WRAPPING = frozenset(("STREAM_FAILED", "TASK_WRITE_FAILED", "PIPELINE_RUN_FAILED"))
"""Conditions that only carry another error; the cause stands behind them."""

_STATED = re.compile(r"SQL ?STATE\W{1,3}[0-9A-Z]{5}\b", re.IGNORECASE)


def sqlstate_line(text: str, known: Mapping[str, str]) -> str:
    """Return `SQLSTATE: 42703` for the first known condition in a text that states none; else an empty text."""
    if _STATED.search(text):
        return ""
    for found in _NAMED.finditer(text):
        name = found[1] or found[2] or found[3]
        state = known.get(name)
        if state and name not in _WRAPPING:
            return f"SQLSTATE: {state}"
    return ""
