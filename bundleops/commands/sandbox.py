"""`bundleops sandbox …`: the same as `python -m sandbox …`."""

from __future__ import annotations

import os
import sys

import typer


def sandbox(context: typer.Context) -> None:
    """Start, stop and reset the built-in sandbox: start, stop, status, reset, env."""
    # -P: a module of the folder where it is called (`json.py`, say) does not stand in for one of Python's.
    command = [sys.executable, "-P", "-m", "sandbox", *context.args]
    os.execv(sys.executable, command)  # noqa: S606 - becomes the sandbox command
