"""Options that several commands share, and what they change."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from operations.operation import Kind
from operations.planning.levels import Level
from operations.store import StateStore
from workspace.errors import UsageError
from workspace.local_sandbox import running_sandbox
from workspace.settings import settings


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
LevelOption = Annotated[
    Level | None,
    typer.Option("--level", help="What runs: atomic jobs, or the composite jobs or orchestrators that start them."),
]
SandboxOption = Annotated[bool, typer.Option("--sandbox", help="Use the running built-in sandbox as the workspace.")]


def use(profile: str | None, *, sandbox: bool) -> None:
    """Turn this process to a workspace: the running sandbox, a profile, or what the environment says.

    What is named here counts alone: the SDK would let variables of the environment win over a profile.

    Raises:
        UsageError: both were named.
        SetupError: `--sandbox` was given and no sandbox runs.
    """
    if not (profile or sandbox):
        return
    # A tenth of a second that only those pay who name a workspace.
    from workspace.credentials import WorkspaceCredentials, use_profile, use_workspace  # noqa: PLC0415

    if profile and sandbox:
        raise UsageError("Name either a profile or --sandbox: they are two workspaces.")
    if profile:
        use_profile(os.environ, profile)
        return
    found = running_sandbox(settings().state_dir)
    use_workspace(os.environ, WorkspaceCredentials(host=found.host, token=found.token))
    os.environ["BUNDLEOPS_CLI"] = found.cli


def check_resumable(operation: str, kind: Kind) -> None:
    """Refuse what cannot be gone on with, before anything slow is imported.

    Raises:
        UsageError: there is no such operation, or it is of another kind.
        StateError: its record is damaged.
    """
    work = StateStore(settings().state_dir).open(operation).request()
    if work.kind != kind:
        raise UsageError(f"Operation {work.id} does something else. Go on with it: {work.resume_command}")


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
