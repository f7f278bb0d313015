"""`bundleops watch` and `bundleops output`: follow a run to its end, and read what its tasks left behind."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from bundleops.options import Output, OutputOption, ProfileOption, SandboxOption, use
from operations.plain_text import for_terminal, shorten
from workspace.errors import UsageError

if TYPE_CHECKING:
    from tasks.watch_run import WatchedRun
    from workspace.models import TaskOutput

MAX_CELL = 200


def watch(
    run: Annotated[str | None, typer.Argument(help="Id of a job run.")] = None,
    pipeline: Annotated[str | None, typer.Option(help="Id of a pipeline: its newest update is watched.")] = None,
    timeout: Annotated[
        float, typer.Option(min=0.01, help="Minutes to wait at most; the run goes on after that.")
    ] = 120,
    profile: ProfileOption = None,
    sandbox: SandboxOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Wait for the end of a run that anybody started, and say whether it did its work; 0 only when it did."""
    if (run is None) == (pipeline is None):
        raise UsageError("Name either a job run by its id, or a pipeline with --pipeline.")
    use(profile, sandbox=sandbox)
    # The SDK and Prefect take seconds to import; bad input is refused before.
    from tasks.watch_run import judge_watched, run_to_watch, wait_for_end  # noqa: PLC0415

    handle = run_to_watch(run, pipeline)
    progress = sys.stderr if output is Output.JSON else sys.stdout
    print(for_terminal(f"{handle.resource}: {handle.url}"), file=progress)
    outcome = wait_for_end.fn(
        handle, timeout, lambda state: print(for_terminal(f"  {state}"), file=progress, flush=True)
    )
    watched = judge_watched.fn(outcome)
    if output is Output.JSON:
        totals = {"counts": watched.counts, "share_of_success": watched.share_of_success}
        print(json.dumps(watched.model_dump(mode="json") | totals))
    else:
        _show(watched)
    raise typer.Exit(0 if watched.verified else 1)


def output_of(
    run: Annotated[str, typer.Argument(help="Id of a job run.")],
    task: Annotated[
        str | None, typer.Option(help="Only this task; one of a started job is called parent/child.")
    ] = None,
    profile: ProfileOption = None,
    sandbox: SandboxOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Print what the tasks of a run left behind: exit value, error, trace and logs, with child runs followed."""
    use(profile, sandbox=sandbox)
    from tasks.run_output import run_output  # noqa: PLC0415 - imports the SDK

    found = run_output(run, task)
    if output is Output.JSON:
        print(json.dumps([one.model_dump(mode="json") for one in found]))
        return
    print("\n\n".join(for_terminal(_text(one)) for one in found) or "No task of this run has ended yet.")


def _show(watched: WatchedRun) -> None:
    from bundleops.tables import show, table  # noqa: PLC0415 - rich only where a table is shown

    said = {one.task_key: shorten(one.error or one.exit_value or "", MAX_CELL) for one in watched.outputs}
    cut = {one.task_key for one in watched.outputs if one.truncated}
    rows = [
        [
            one.task_key,
            one.result.value,
            one.run_id,
            said.get(one.task_key, "") or one.message,
            _cut(one.task_key in cut),
        ]
        for one in watched.outcome.tasks
    ]
    parts: list[object] = [table("", ["task", "result", "run", "output", ""], rows)] if rows else []
    parts += [for_terminal(failure.text) for failure in watched.failures]
    parts += [
        for_terminal(f"{one.dataset}.{one.name}: {one.passed_records} passed, {one.failed_records} failed")
        for one in watched.figures
    ]
    counts = ", ".join(f"{number} {result}" for result, number in watched.counts.items())
    share = watched.share_of_success
    tail = f"; {counts} ({share:.1%} succeeded)" if share is not None else ""
    verdict = "verified" if watched.verified else f"not verified: {watched.reason}"
    show(
        *parts, for_terminal(f"{watched.outcome.handle.resource} {verdict} after {watched.outcome.seconds:.0f} s{tail}")
    )
    show(for_terminal(watched.outcome.handle.url))


def _cut(is_cut: bool) -> str:  # noqa: FBT001 - one word from one fact
    return "(cut)" if is_cut else ""


def _text(one: TaskOutput) -> str:
    """Return a task's output as text, each part under its name."""
    parts = [f"{one.task_key} (run {one.run_id}): {one.result.value if one.result else 'unknown'}"]
    named = {
        "exit value": one.exit_value or "",
        "error": one.error,
        "trace": one.error_trace,
        "logs": one.logs,
        "not read": one.unavailable,
    }
    parts += [f"{name}:\n{text}" for name, text in named.items() if text]
    if len(parts) == 1:
        parts.append("No output.")
    if one.truncated:
        parts.append(f"The workspace cut it; the run page has it all: {one.url}")
    return "\n".join(parts)
