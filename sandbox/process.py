"""Tells a process from another one that was given the same id later."""

from __future__ import annotations

from pathlib import Path

_FIELD = 19
"""Place of the start time among the fields that follow the program's name in Linux' `/proc/PID/stat`."""


def born(pid: int) -> str:
    """When a process started, as the system counts; empty if it is gone, or if the system keeps no `/proc`."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return fields.split()[_FIELD]
