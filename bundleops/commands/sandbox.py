"""`bundleops sandbox …`: the same as `python -m sandbox …`."""

from __future__ import annotations

import os
import sys

import typer


def sandbox(context: typer.Context) -> None:
    """Start, stop and reset the built-in sandbox: start, stop, status, reset, env."""
    os.execv(sys.executable, [sys.executable, "-m", "sandbox", *context.args])  # noqa: S606 - becomes the sandbox command
