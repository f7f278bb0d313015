"""Finds the built-in sandbox of this machine; it is reached like any workspace, over HTTP and its own command."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from workspace.cli_process import run_process
from workspace.errors import SetupError

ASK_SECONDS = 30


@dataclass(frozen=True)
class SandboxEnvironment:
    """How to reach a running sandbox."""

    host: str
    token: str
    cli: str


def sandbox_environment(state_dir: Path | None = None) -> SandboxEnvironment:
    """Ask the sandbox how to reach it.

    Raises:
        SetupError: no sandbox runs, or it is not installed.
    """
    place = ["--state-dir", str(state_dir)] if state_dir else []
    # -P: a module of the folder where it is called (`json.py`, say) does not stand in for one of Python's.
    command = [sys.executable, "-P", "-m", "sandbox", "env", "--output", "json", *place]
    end = run_process(command, Path.cwd(), dict(os.environ), ASK_SECONDS)
    if end.exit_code != 0:
        said = (end.stderr or end.stdout).strip() or "it gave no reason"
        raise SetupError(f"The sandbox cannot be used: {said}\nStart it with: bundleops sandbox start")
    found = json.loads(end.stdout)
    return SandboxEnvironment(host=found["DATABRICKS_HOST"], token=found["DATABRICKS_TOKEN"], cli=found["cli"])


def running_sandbox(state_dir: Path) -> SandboxEnvironment:
    """Return the sandbox that runs: the one in the state directory, where `make serve` has its own, else the usual one.

    Raises:
        SetupError: no sandbox runs, or it is not installed.
    """
    own = state_dir.expanduser() / "sandbox"
    if own.is_dir():
        with suppress(SetupError):
            return sandbox_environment(own)
    return sandbox_environment()
