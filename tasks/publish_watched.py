"""Show the end of a watched run in Prefect, and make the flow run look like it."""

from __future__ import annotations

from typing import Any

from prefect import State, task
from prefect.artifacts import create_markdown_artifact
from prefect.states import Completed, Failed

from operations.plain_text import code_span, fenced, for_markdown, link, shorten
from tasks.artifact_key import artifact_key
from tasks.retry_policies import LOCAL
from tasks.watch_run import WatchedRun
from workspace.errors import NotVerifiedError

MAX_TEXT = 2000


def publish_watched(watched: WatchedRun) -> State[Any]:
    """Publish how a run ended, and return the state of the flow run: what did not do its work is not completed."""
    write_artifact(watched)
    text = f"{watched.outcome.handle.resource}: {watched.reason or 'verified'}"
    if watched.verified:
        return Completed(message=text, data=watched)
    return Failed(message=text, data=NotVerifiedError(text, watched))


@task(task_run_name="publish {watched.outcome.handle.resource}", **LOCAL)
def write_artifact(watched: WatchedRun) -> None:
    """Publish how a run ended as Markdown."""
    handle = watched.outcome.handle
    create_markdown_artifact(
        key=artifact_key("watched", f"{handle.kind}-{handle.run_id}"),
        markdown=as_markdown(watched),
        description=f"{handle.resource}: {watched.outcome.result.value}",
    )


def as_markdown(watched: WatchedRun) -> str:
    """Return the end of a run; text of the workspace is shown literally."""
    handle = watched.outcome.handle
    verdict = "verified" if watched.verified else f"not verified: {for_markdown(watched.reason)}"
    lines = [f"# {for_markdown(handle.resource)}", f"{verdict}; {link('run page', handle.url)}"]
    if watched.outcome.tasks:
        rows = [f"| {code_span(one.task_key)} | {one.result.value} |" for one in watched.outcome.tasks]
        lines.append("\n".join(["| task | result |", "|---|---|", *rows]))
    for output in watched.outputs:
        text = output.error or output.exit_value
        if text:
            lines += [f"## {code_span(output.task_key)}", fenced(shorten(text, MAX_TEXT), "text")]
    lines += [fenced(shorten(failure.text, MAX_TEXT), "text") for failure in watched.failures]
    lines += [
        f"- {code_span(f'{one.dataset}.{one.name}')}: {one.passed_records} passed, {one.failed_records} failed"
        for one in watched.figures
    ]
    return "\n\n".join(lines) + "\n"
