"""What Prefect shows of an operation: the plan, how far it is, each failure with its diff, run pages, the report."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from operations.attempt_markdown import attempt_lines
from operations.events import Event, JournalEvent
from operations.losses_markdown import losses_question
from operations.operation import Operation
from operations.plain_text import code_span, for_terminal, link, shorten
from operations.progress import progress
from operations.standing import Progress, ResourceStatus
from tasks.artifact_key import artifact_key
from tasks.toolbox import journal_of
from workspace.losses import Losses

REPORT_LIMIT = 200_000
"""Characters of a report; the file on disk has all."""
_ENDED = {ResourceStatus.VERIFIED, ResourceStatus.SKIPPED}


@dataclass(frozen=True)
class Shown:
    """One artifact. Operations on the same bundle and target share its key, so Prefect shows them as a history."""

    key: str
    type: Literal["markdown", "table", "progress"]
    data: str | float
    description: str


def artifacts_for(work: Operation, event: JournalEvent) -> Iterator[Shown]:
    """Return what a journal line shows."""
    make = _MAKERS.get(event.event)
    if make is not None:
        yield from make(work, event)


def _plan(work: Operation, event: JournalEvent) -> Iterator[Shown]:
    columns = ("order", "layer", "key", "level", "needs", "why")
    rows = [{column: _cell(one.get(column)) for column in columns} for one in event.data.get("resources", ())]
    rows += [{"key": _cell(one["key"]), "why": _cell(one["why"])} for one in event.data.get("left_out", ())]
    yield _table(work, "plan", rows, "What runs, in which order and why")
    yield from _how_far(work, event)


def _changes(work: Operation, event: JournalEvent) -> Iterator[Shown]:
    rows = [
        {"action": _cell(one["action"]), "resource": _cell(one["resource"])}
        for one in _plain(event.data.get("plan")).get("changes", ())
    ]
    if rows:
        yield _table(work, "deploy", rows, "What the deploy changes")


def _how_far(work: Operation, _event: JournalEvent) -> Iterator[Shown]:
    resources = _now(work).resources
    if resources:
        done = sum(one.status in _ENDED for one in resources.values())
        share = round(100 * done / len(resources), 1)
        yield Shown(_key(work, "progress"), "progress", share, f"{done} of {len(resources)} resources ({work.id})")


def _run_page(work: Operation, event: JournalEvent) -> Iterator[Shown]:
    handle = _plain(event.data.get("handle"))
    url = str(handle.get("url") or "")
    if url:
        text = f"{code_span(str(event.resource))}, iteration {event.iteration}: {link('run page', url)}"
        yield _markdown(work, f"run-{event.resource}", text, f"Run of {event.resource}")


def _failure(work: Operation, event: JournalEvent) -> Iterator[Shown]:
    """Show the attempt that just came to its end: evidence, diagnosis, and the fix with its diff."""
    attempts = _now(work).of(event.resource).attempts
    if attempts:
        lines = [f"## {code_span(str(event.resource))}, iteration {event.iteration}", *attempt_lines(attempts[-1])]
        yield _markdown(work, f"failure-{event.resource}", "\n\n".join(lines), f"Failure of {event.resource}")


def _losses(work: Operation, event: JournalEvent) -> Iterator[Shown]:
    losses = Losses.model_validate(_plain(event.data["losses"]))
    yield _markdown(work, "losses", shorten(losses_question(losses), REPORT_LIMIT), "What a destroy would delete")


def _report(work: Operation, event: JournalEvent) -> Iterator[Shown]:
    text = Path(str(event.data["path"])).read_text(encoding="utf-8")
    yield _markdown(work, "report", shorten(text, REPORT_LIMIT), "Report")


_MAKERS: Mapping[str, Callable[[Operation, JournalEvent], Iterator[Shown]]] = {
    Event.DEPLOY_PLANNED: _changes,
    Event.RESOURCES_PLANNED: _plan,
    Event.RUN_STARTED: _run_page,
    Event.FIX_APPLIED: _failure,
    Event.RESOURCE_ESCALATED: _failure,
    Event.RUN_VERIFIED: _how_far,
    Event.RESOURCE_SKIPPED: _how_far,
    Event.LOSSES_LISTED: _losses,
    Event.REPORT_WRITTEN: _report,
}


def _now(work: Operation) -> Progress:
    return progress(journal_of(work).events())


def _key(work: Operation, kind: str) -> str:
    return artifact_key(kind, f"{work.bundle_name}-{work.target}")


def _markdown(work: Operation, kind: str, text: str, what: str) -> Shown:
    return Shown(_key(work, kind), "markdown", text, f"{what} (operation {work.id})")


def _table(work: Operation, kind: str, rows: list[dict[str, str]], what: str) -> Shown:
    return Shown(_key(work, kind), "table", json.dumps(rows), f"{what} (operation {work.id})")


def _cell(value: Any) -> str:
    """Return a value as a table's cell: one line of plain text, in which nothing becomes a link."""
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value if value is not None else "")
    return shorten(" ".join(for_terminal(text).split()), 300).replace("](", "] (")


def _plain(value: Any) -> Mapping[str, Any]:
    """Return a model or what was journalled of one as a mapping."""
    if value is None:
        return {}
    return value if isinstance(value, Mapping) else value.model_dump(mode="json")
