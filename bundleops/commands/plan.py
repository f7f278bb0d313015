"""`bundleops plan`: what would run, in which order, and why."""

from __future__ import annotations

import json

from bundleops.options import BundleArgument, Output, OutputOption, ProfileOption, SandboxOption, TargetOption, use


def plan(
    bundle: BundleArgument,
    target: TargetOption = "dev",
    profile: ProfileOption = None,
    sandbox: SandboxOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show the resources of a bundle by layer, with what each needs and why it stands where it stands."""
    use(profile, sandbox=sandbox)
    from bundleops.tables import plan_table, show  # noqa: PLC0415 - rich is not needed for JSON
    from tasks.preview_plan import preview_plan  # noqa: PLC0415 - imports the SDK

    found = preview_plan(bundle, target)
    if output is Output.JSON:
        resources = [resource.model_dump(mode="json") for resource in found.resources]
        print(json.dumps({"resources": resources, "unresolved": []}))
    else:
        show(plan_table(found))
