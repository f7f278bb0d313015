"""`bundleops plan`: the resources of a bundle in their order, what runs of them, and why."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from bundleops.options import BundleArgument, LevelOption, Output, OutputOption, ProfileOption, SandboxOption, use
from operations.planning.levels import Level
from workspace.settings import settings


def plan(
    bundle: BundleArgument,
    target: Annotated[
        str | None, typer.Option("--target", "-t", help="Target; without it dev, else the bundle's default.")
    ] = None,
    level: LevelOption = None,
    profile: ProfileOption = None,
    sandbox: SandboxOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show the resources of a bundle in their order, with layer, level, what each needs, and why.

    It reads the bundle's files and nothing else. With --profile or --sandbox that workspace resolves the bundle.
    """
    wanted = level or Level(settings().level)
    # What each one imports takes time that only those pay who need it.
    if profile or sandbox:
        use(profile, sandbox=sandbox)
        from tasks.preview_plan_in_workspace import preview_in_workspace  # noqa: PLC0415 - imports the SDK

        found = preview_in_workspace(bundle, target, wanted)
    else:
        from tasks.preview_plan import preview_from_files  # noqa: PLC0415 - imports sqlglot

        found = preview_from_files(bundle, target, wanted)
    if output is Output.JSON:
        print(json.dumps(found.model_dump(mode="json", include={"resources", "unresolved"})))
    else:
        from bundleops.tables import plan_tables, show  # noqa: PLC0415 - rich is not needed for JSON

        show(*plan_tables(found))
