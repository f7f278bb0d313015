"""`bundleops operations`: what was done, where it stands, and how to go on with it."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Annotated

import typer

from bundleops.commands import destroy, operate
from bundleops.options import Output, OutputOption, ProfileOption, SandboxOption
from operations.overview import OperationOverview, overview
from operations.plain_text import for_terminal
from operations.store import StateStore
from workspace.settings import settings

app = typer.Typer(no_args_is_help=True, help="List, show and resume operations.")
OperationArgument = Annotated[str, typer.Argument(help="Id of an operation, such as 20261124-150000-k7fd.")]
COLUMNS = ["operation", "kind", "bundle", "target", "status", "verified", "started (UTC)", "waits for"]


@app.callback()
def _group() -> None:
    """List, show and resume operations."""


@app.command("list")
def list_operations(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many, newest first.")] = 20,
    output: OutputOption = Output.TEXT,
) -> None:
    """List the operations of this state directory, newest first."""
    found = overview(StateStore(settings().state_dir), limit)
    if output is Output.JSON:
        print(json.dumps([one.model_dump(mode="json") for one in found]))
    elif found:
        from bundleops.tables import show, table  # noqa: PLC0415 - rich only where a table is shown

        show(table("", COLUMNS, [_row(one) for one in found]))
    else:
        print("No operations yet.")


@app.command("show")
def show_operation(operation: OperationArgument, output: OutputOption = Output.TEXT) -> None:
    """Print the report of an operation as it stands now, also while it runs or after it died."""
    from operations.report_data import make_report  # noqa: PLC0415 - needs most models; the list does not
    from operations.report_json import render_json  # noqa: PLC0415 - as above
    from operations.report_markdown import render_markdown  # noqa: PLC0415 - as above

    folder = StateStore(settings().state_dir).open(operation)
    report = make_report(folder.request(), folder.journal.events())
    print(json.dumps(render_json(report)) if output is Output.JSON else for_terminal(render_markdown(report)).rstrip())


@app.command("resume")
def resume(
    operation: OperationArgument,
    answer_wait: Annotated[
        float | None, typer.Option(help="Seconds to wait for a person's answer; 0 asks and ends with exit code 4.")
    ] = None,
    profile: ProfileOption = None,
    sandbox: SandboxOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Go on with an operation of any kind that waits, was stopped or died; what it did is not done again."""
    kind = StateStore(settings().state_dir).open(operation).request().kind
    command = operate.operate if kind == "operate" else destroy.destroy
    command(resume=operation, answer_wait=answer_wait, profile=profile, sandbox=sandbox, output=output)


def _row(one: OperationOverview) -> list[str]:
    started = f"{one.started_at.astimezone(UTC):%Y-%m-%d %H:%M}" if one.started_at else ""
    waits = ", ".join(one.open_questions) or one.worked_on_by or ""
    share = f"{one.verified} of {one.resources}" if one.resources else ""
    return [one.id, one.kind or "", one.bundle, one.target, one.status, share, started, waits]
