"""Turns a journal event into lines for a person. Texts come from a workspace: the views make them safe."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from operations.events import Event, JournalEvent
from operations.operation import Operation
from operations.plain_text import shorten
from operations.question import APPROVE

MAX_ERROR_LINES = 6
MAX_LISTED = 30


@dataclass(frozen=True)
class EventLine:
    """One line and how it is meant."""

    text: str
    style: str = ""


def lines_for(event: JournalEvent, work: Operation) -> Iterator[EventLine]:
    """Yield the lines of an event; events that tell a person nothing yield none."""
    writer = _WRITERS.get(event.event)
    if writer:
        yield from writer(event, work)


def _started(_event: JournalEvent, work: Operation) -> Iterator[EventLine]:
    yield EventLine(f"operation {work.id}: {work.bundle}, target {work.target}", "head")


def _resumed(_event: JournalEvent, work: Operation) -> Iterator[EventLine]:
    yield EventLine(f"operation {work.id} goes on: {work.bundle}, target {work.target}", "head")


def _discovered(event: JournalEvent, _work: Operation) -> Iterator[EventLine]:
    yield EventLine(f"workspace {event.data['host']} as {event.data['user']}, CLI {event.data['cli']}", "quiet")


def _validated(event: JournalEvent, _work: Operation) -> Iterator[EventLine]:
    yield EventLine(f"valid: {len(event.data['resources'])} resources")


def _deploy_held(event: JournalEvent, _work: Operation) -> Iterator[EventLine]:
    yield EventLine(f"the next deploy waits for a person: {event.data['reason']}", "warn")


def _deployed(event: JournalEvent, _work: Operation) -> Iterator[EventLine]:
    yield EventLine(f"deployed: files, and {event.data['changes']} resource changes", "good")


def _deploy_planned(event: JournalEvent, _work: Operation) -> Iterator[EventLine]:
    for change in event.data["plan"]["changes"]:
        destructive = change["action"] in {"delete", "recreate"}
        yield EventLine(f"  {change['action']} {change['resource']}", "bad" if destructive else "quiet")


def _planned(event: JournalEvent, _work: Operation) -> Iterator[EventLine]:
    yield EventLine("plan:", "head")
    for one in event.data["resources"]:
        yield EventLine(f"  {one['order']}. {one['layer']:<12} {one['key']:<28} ({one['why']})")


def _prerequisites(event: JournalEvent, _work: Operation) -> Iterator[EventLine]:
    for one in event.data["unmet"]:
        yield EventLine(f"{one['resource']} prerequisite missing: {one['text']}", "warn")


def _run_started(event: JournalEvent, _work: Operation) -> Iterator[EventLine]:
    verb = "taken up again" if event.data.get("adopted") else "started"
    yield EventLine(f"{event.resource} #{event.iteration} {verb}: {event.data['handle']['url']}")


def _run_ended(event: JournalEvent, _work: Operation) -> Iterator[EventLine]:
    outcome = event.data["outcome"]
    good = outcome["result"] == "success"
    yield EventLine(
        f"{event.resource} #{event.iteration} ended: {outcome['result']} after {outcome['seconds']:.0f} s",
        "" if good else "bad",
    )


def _verified(event: JournalEvent, _work: Operation) -> Iterator[EventLine]:
    yield EventLine(f"{event.resource} #{event.iteration} verified", "good")
    for text in event.data.get("detail") or []:
        yield EventLine(f"    {shorten(str(text), 400)}", "quiet")


def _diagnosed(event: JournalEvent, _work: Operation) -> Iterator[EventLine]:
    found: Mapping[str, Any] = event.data["diagnosis"]
    yield EventLine(
        f"{event.resource} #{event.iteration} diagnosis: {found['code']} ({found['confidence']:.0%})", "bad"
    )
    for line in str(found["error"]).splitlines()[:MAX_ERROR_LINES]:
        yield EventLine(f"    | {shorten(line, 300)}", "quiet")
    yield EventLine(f"    {found['title']} {shorten(found['explanation'], 400)}")
    place = found.get("location")
    if place:
        yield EventLine(f"    at {place['path']}:{place.get('line') or ''}")


def _fix_planned(event: JournalEvent, _work: Operation) -> Iterator[EventLine]:
    plan = event.data["plan"]
    yield EventLine(f"{event.resource} fix plan ({plan['applicability']}): {plan['title']}", "warn")
    yield EventLine(f"    {plan['reason']}")
    for line in str(plan.get("diff") or "").splitlines():
        yield EventLine(f"    {line}", {"+": "add", "-": "remove"}.get(line[:1], "quiet"))


def _fix_applied(event: JournalEvent, _work: Operation) -> Iterator[EventLine]:
    yield EventLine(f"{event.resource} fix applied: {event.data['title']}", "warn")


def _fix_undone(event: JournalEvent, _work: Operation) -> Iterator[EventLine]:
    yield EventLine(f"{event.resource} fix undone: {event.data.get('reason', '')}", "warn")


def _losses_listed(event: JournalEvent, _work: Operation) -> Iterator[EventLine]:
    losses = event.data["losses"]
    yield EventLine(f"deployed: {len(losses['resources'])} resources, {losses['files']} files", "head")
    for one in losses["resources"]:
        yield EventLine(f"  {one['key']} ({one['id'] or 'id not known'})", "bad")
    for one in losses["data"][:MAX_LISTED]:
        rows = "rows not known" if one["rows"] is None else f"{one['rows']} rows"
        yield EventLine(f"  {one['kind']} {one['name']}, with {one['lost_with']} ({rows})", "bad")
    if len(losses["data"]) > MAX_LISTED:
        yield EventLine(f"  and {len(losses['data']) - MAX_LISTED} more", "bad")
    for one in losses["dependents"]:
        yield EventLine(f"  used by {one['name']}: {', '.join(one['uses'])}", "warn")


def _destroy_started(_event: JournalEvent, _work: Operation) -> Iterator[EventLine]:
    yield EventLine("destroying", "warn")


def _destroy_ended(event: JournalEvent, _work: Operation) -> Iterator[EventLine]:
    if not event.data["ok"]:
        yield EventLine(f"the destroy failed: {event.data['error']}", "bad")


def _remains(event: JournalEvent, _work: Operation) -> Iterator[EventLine]:
    remains = event.data["remains"]
    for one in remains["resources"]:
        yield EventLine(f"  still there: {one}", "bad")
    if remains["files"]:
        yield EventLine(f"  still there: {remains['files']} files in the workspace", "bad")
    for one in remains["tables"]:
        yield EventLine(f"  still listed by the catalog: {one}", "warn")


def _asked(event: JournalEvent, _work: Operation) -> Iterator[EventLine]:
    identity = event.data["question"]
    yield EventLine(f"question {identity}: {event.data['title']}", "warn")
    yield EventLine(f"    read it:   bundleops questions {identity}")
    for option in event.data.get("options") or []:
        proof = option["id"] == APPROVE and event.data.get("needs_verified")
        said = f"{option['id']} --profile YOUR_PROFILE" if proof else option["id"]
        yield EventLine(f"    answer it: bundleops answer {identity} {said:<10} {option['label']}")


def _answered(event: JournalEvent, _work: Operation) -> Iterator[EventLine]:
    data = event.data
    note = f", note: {data['note']}" if data.get("note") else ""
    yield EventLine(f"question {data['question']} answered: {data['option']} by {data['by']}{note}", "warn")


def _skipped(event: JournalEvent, _work: Operation) -> Iterator[EventLine]:
    yield EventLine(f"{event.resource} skipped: {event.data['reason']}", "warn")


def _escalated(event: JournalEvent, _work: Operation) -> Iterator[EventLine]:
    yield EventLine(f"{event.resource} escalated: {event.data['reason']}", "bad")


def _ended(event: JournalEvent, work: Operation) -> Iterator[EventLine]:
    data = event.data
    good = data.get("exit_code") == 0
    yield EventLine(f"{data['verdict']}: {data.get('reason', '')}", "good" if good else "bad")
    if data.get("patch"):
        command = f"patch -d {shlex.quote(work.bundle)} -p1 -i {shlex.quote(data['patch'])}"
        yield EventLine(f"fixes to keep: {command}", "head")
    if data.get("exit_code") == 4:
        yield EventLine(f"after the answer: {work.resume_command}", "head")


def _report(event: JournalEvent, _work: Operation) -> Iterator[EventLine]:
    yield EventLine(f"report: {event.data['path']}")


def _settled(event: JournalEvent, _work: Operation) -> Iterator[EventLine]:
    yield EventLine(f"question {event.data['question']} is taken back: {event.data['reason']}", "quiet")


def _note(event: JournalEvent, _work: Operation) -> Iterator[EventLine]:
    yield EventLine(str(event.data["text"]), "warn")


_WRITERS: Mapping[str, Callable[[JournalEvent, Operation], Iterator[EventLine]]] = {
    Event.OPERATION_STARTED: _started,
    Event.OPERATION_RESUMED: _resumed,
    Event.BUNDLE_DISCOVERED: _discovered,
    Event.BUNDLE_VALIDATED: _validated,
    Event.DEPLOY_PLANNED: _deploy_planned,
    Event.DEPLOY_HELD: _deploy_held,
    Event.BUNDLE_DEPLOYED: _deployed,
    Event.RESOURCES_PLANNED: _planned,
    Event.PREREQUISITES_CHECKED: _prerequisites,
    Event.RUN_STARTED: _run_started,
    Event.RUN_ENDED: _run_ended,
    Event.RUN_VERIFIED: _verified,
    Event.FAILURE_DIAGNOSED: _diagnosed,
    Event.FIX_PLANNED: _fix_planned,
    Event.FIX_APPLIED: _fix_applied,
    Event.FIX_UNDONE: _fix_undone,
    Event.LOSSES_LISTED: _losses_listed,
    Event.DESTROY_STARTED: _destroy_started,
    Event.DESTROY_ENDED: _destroy_ended,
    Event.BUNDLE_DESTROYED: _remains,
    Event.REMAINS_FOUND: _remains,
    Event.QUESTION_ASKED: _asked,
    Event.QUESTION_ANSWERED: _answered,
    Event.QUESTION_SETTLED: _settled,
    Event.RESOURCE_SKIPPED: _skipped,
    Event.RESOURCE_ESCALATED: _escalated,
    Event.OPERATION_ENDED: _ended,
    Event.REPORT_WRITTEN: _report,
    Event.NOTE: _note,
}
