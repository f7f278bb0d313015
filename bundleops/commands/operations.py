"""`bundleops operations`: what was done, where it stands, and how to go on with it."""

from __future__ import annotations

import getpass
import json
import socket
import sys
from datetime import UTC
from typing import Annotated

import typer

from bundleops.commands import destroy, operate
from bundleops.end_document import EndDocument
from bundleops.options import Output, OutputOption, ProfileOption, SandboxOption, use
from operations.overview import OperationOverview, overview
from operations.plain_text import for_terminal
from operations.store import StateStore
from workspace.settings import settings

app = typer.Typer(no_args_is_help=True, help="List, show, follow, resume and cancel operations.")
OperationArgument = Annotated[str, typer.Argument(help="Id of an operation, such as 20261124-150000-k7fd.")]
COLUMNS = ["operation", "kind", "bundle", "target", "status", "verified", "started (UTC)", "waits for"]


@app.callback()
def _group() -> None:
    """List, show, follow, resume and cancel operations."""


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


@app.command("follow")
def follow_operation(operation: OperationArgument, output: OutputOption = Output.TEXT) -> None:
    """Show what an operation does until it ends, and end with its exit code; Ctrl-C ends only the following."""
    folder = StateStore(settings().state_dir).open(operation)
    document = EndDocument(output, operation)
    with document.tells_errors():
        from bundleops.detached import follow  # noqa: PLC0415 - Prefect takes seconds to import

        code = follow(folder, document)
    raise typer.Exit(code)


@app.command("cancel")
def cancel(
    operation: OperationArgument,
    cancel_runs: Annotated[
        bool | None,
        typer.Option("--cancel-runs/--keep-runs", help="Cancel its runs in the workspace too, or let them go on."),
    ] = None,
    profile: ProfileOption = None,
    sandbox: SandboxOption = False,
) -> None:
    """End an operation: its process stops, its target is free, its questions are taken back. It can be resumed.

    Runs in the workspace go on unless you say otherwise; at a terminal you are asked.
    """
    folder = StateStore(settings().state_dir).open(operation)
    use(profile, sandbox=sandbox)
    from tasks import cancel_operation as step  # noqa: PLC0415 - Prefect and the SDK take seconds to import

    work = step.require_cancelable(folder)
    if step.end_process(folder):
        print(f"The process that worked on {operation} has ended.")
    going_on = step.runs_that_go_on(work)
    for handle in going_on:
        print(for_terminal(f"  goes on in the workspace: {handle.resource} {handle.url}"))
    if going_on and cancel_runs is None:
        cancel_runs = sys.stdin.isatty() and typer.confirm(f"Cancel {len(going_on)} runs too?")
    by = f"{getpass.getuser()} on {socket.gethostname()}"
    left = step.conclude_canceled(work, folder, by, going_on if cancel_runs else ())
    print("\n".join([*map(for_terminal, left), f"Canceled. To go on with it after all: {work.resume_command}"]))
    raise typer.Exit(1 if left else 0)


def _row(one: OperationOverview) -> list[str]:
    started = f"{one.started_at.astimezone(UTC):%Y-%m-%d %H:%M}" if one.started_at else ""
    waits = ", ".join(one.open_questions) or one.worked_on_by or ""
    share = f"{one.verified} of {one.resources}" if one.resources else ""
    return [one.id, one.kind or "", one.bundle, one.target, one.status, share, started, waits]
