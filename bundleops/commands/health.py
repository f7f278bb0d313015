"""`bundleops health`: last runs, stale tables, paused schedules and expiring credentials of a deployed bundle."""

from __future__ import annotations

from typing import Annotated

import typer

from bundleops.options import BundleArgument, Output, OutputOption, ProfileOption, SandboxOption, TargetOption, use


def health(
    bundle: BundleArgument,
    target: TargetOption = "dev",
    stale_after_hours: Annotated[
        float | None, typer.Option(min=0.01, help="Age at which a table is stale, instead of what schedules say.")
    ] = None,
    warehouse: Annotated[
        str | None,
        typer.Option(help="Id of a SQL warehouse that reads the tables' history; it starts if it is stopped."),
    ] = None,
    profile: ProfileOption = None,
    sandbox: SandboxOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Look at what a bundle has deployed and say what is broken; end with 1 when something is. Nothing is changed."""
    use(profile, sandbox=sandbox)
    # The SDK and Prefect take seconds to import; bad input is refused before.
    from tasks.check_health import health_of  # noqa: PLC0415

    report = health_of(str(bundle), target, stale_after_hours, warehouse)
    if output is Output.JSON:
        print(report.model_dump_json())
    else:
        from bundleops.tables import show, table  # noqa: PLC0415 - rich only where a table is shown

        rows = [[one.severity.value, one.resource, one.what, one.next_step] for one in report.findings]
        parts = [table("", ["severity", "resource", "what", "next step"], rows)] if rows else []
        show(f"{report.bundle}, target {report.target}: {report.summary}", *parts)
    raise typer.Exit(1 if report.verdict == "broken" else 0)
