"""Options that several commands share, and what they change."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from workspace.local_sandbox import sandbox_environment


class Output(StrEnum):
    """Forms of output."""

    TEXT = "text"
    JSON = "json"


class HealMode(StrEnum):
    """What healing may do without a person."""

    OFF = "off"
    PROPOSE = "propose"
    SAFE = "safe"


BundleArgument = Annotated[Path, typer.Argument(help="Folder of the bundle, with its databricks.yml.")]
TargetOption = Annotated[str, typer.Option("--target", "-t", help="Target of the bundle.")]
OutputOption = Annotated[Output, typer.Option("--output", "-o", help="Form of the output.")]
ProfileOption = Annotated[str | None, typer.Option("--profile", "-p", help="Profile of the Databricks configuration.")]
SandboxOption = Annotated[bool, typer.Option("--sandbox", help="Use the running built-in sandbox as the workspace.")]


def use(profile: str | None, *, sandbox: bool) -> None:
    """Turn this process to a workspace: the running sandbox, a profile, or what the environment says.

    Raises:
        SetupError: `--sandbox` was given and no sandbox runs.
    """
    if sandbox:
        found = sandbox_environment()
        for name in ("DATABRICKS_CONFIG_PROFILE", "DATABRICKS_CLIENT_ID", "DATABRICKS_CLIENT_SECRET"):
            os.environ.pop(name, None)
        os.environ["DATABRICKS_HOST"], os.environ["DATABRICKS_TOKEN"] = found.host, found.token
        os.environ["BUNDLEOPS_CLI"] = found.cli
    elif profile:
        os.environ["BUNDLEOPS_PROFILE"] = profile


def quiet_prefect(*, verbose: bool) -> None:
    """Prepare Prefect for a foreground run; call it before Prefect is imported.

    A temporary server needs more than Prefect's 20 s on a small machine, and our own progress replaces its log lines.
    """
    defaults = {
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "INFO" if verbose else "CRITICAL",
        "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
