"""`bundleops operate`: run the operate flow here, with live progress, and end with its exit code."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from bundleops.end_document import EndDocument
from bundleops.options import (
    HealMode,
    LevelOption,
    Output,
    OutputOption,
    ProfileOption,
    SandboxOption,
    check_resumable,
    quiet_prefect,
    use,
)
from workspace.errors import UsageError


def operate(
    bundle: Annotated[Path | None, typer.Argument(help="Folder of the bundle, with its databricks.yml.")] = None,
    target: Annotated[str | None, typer.Option("--target", "-t", help="Target of the bundle (default dev).")] = None,
    resume: Annotated[str | None, typer.Option("--resume", help="Go on with this operation.")] = None,
    heal: Annotated[HealMode | None, typer.Option(help="What may be repaired without a person.")] = None,
    level: LevelOption = None,
    answer_wait: Annotated[
        float | None, typer.Option(help="Seconds to wait for a person's answer; 0 asks and ends with exit code 4.")
    ] = None,
    detach: Annotated[
        bool, typer.Option("--detach", help="Go on in the background, also when this terminal is closed.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan; deploy and run nothing.")] = False,
    profile: ProfileOption = None,
    sandbox: SandboxOption = False,
    output: OutputOption = Output.TEXT,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show Prefect's log lines too.")] = False,
) -> None:
    """Deploy a bundle, run it layer by layer, heal what fails, and ask a person when nothing safe is left."""
    document = EndDocument(output, resume, target)
    with document.tells_errors():
        if (bundle is None) == (resume is None):
            raise UsageError("Name either a bundle, or an operation with --resume.")
        if resume and (target or heal or level or dry_run):
            raise UsageError(
                "An operation is resumed with its own target and limits: leave -t, --heal, --level and --dry-run out."
            )
        if resume:
            check_resumable(resume, "operate")
        use(profile, sandbox=sandbox)
        if heal:
            os.environ["BUNDLEOPS_HEAL"] = heal.value
        if level:
            os.environ["BUNDLEOPS_LEVEL"] = level.value
        if answer_wait is not None:
            os.environ["BUNDLEOPS_ANSWER_WAIT_SECONDS"] = str(answer_wait)
        quiet_prefect(verbose=verbose)
        if detach:
            from bundleops.detached import operate_detached as run  # noqa: PLC0415 - Prefect takes seconds to import
        else:
            from bundleops.foreground import operate_here as run  # noqa: PLC0415 - as above

        code = run(bundle, target or "dev", resume, dry_run=dry_run, document=document)
    raise typer.Exit(code)
