"""Failures of the sandbox itself, kept apart from failures of user code."""

from __future__ import annotations


class EngineError(RuntimeError):
    """The engine cannot start or go on; the message is one line that says what to do."""


class UnsupportedError(RuntimeError):
    """Valid on Databricks, but nothing here can run it: never a fault of the bundle."""

    def __init__(self, what: str, where: str = "") -> None:
        super().__init__(f"SANDBOX_UNSUPPORTED: {what}" + (f" ({where})" if where else ""))
