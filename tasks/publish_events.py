"""What Prefect is told of each step: one event a journal line that matters, with the few values that matter in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prefect.events import Event as PrefectEvent
from prefect.events import emit_event

from operations.events import Event, JournalEvent
from operations.operation import Operation
from operations.plain_text import for_terminal, shorten
from workspace.redaction import redact

PREFIX = "bundleops."
HEARTBEAT = f"{PREFIX}operation_heartbeat"
TEXT_LIMIT = 600
"""Characters of one value: events are for filters and notifications, the journal has the rest."""

FIELDS: Mapping[str, tuple[str, ...]] = {
    Event.OPERATION_STARTED: ("dry_run",),
    Event.OPERATION_RESUMED: (),
    Event.BUNDLE_DISCOVERED: ("name", "mode", "url"),
    Event.BUNDLE_DEPLOYED: ("seconds",),
    Event.DEPLOY_HELD: ("reason",),
    Event.RUN_STARTED: ("handle.run_id", "handle.url", "adopted"),
    Event.RUN_ENDED: ("outcome.run_id", "outcome.result_state", "outcome.seconds"),
    Event.RUN_VERIFIED: (),
    Event.FAILURE_DIAGNOSED: ("diagnosis.code", "diagnosis.title", "diagnosis.confidence"),
    Event.FIX_PLANNED: ("digest", "plan.title", "plan.applicability"),
    Event.FIX_APPLIED: ("digest", "title", "code"),
    Event.FIX_UNDONE: ("digest", "reason"),
    Event.LOSSES_LISTED: ("digest",),
    Event.DESTROY_STARTED: ("digest",),
    Event.DESTROY_ENDED: ("ok", "exit_code"),
    Event.BUNDLE_DESTROYED: (),
    Event.REMAINS_FOUND: (),
    Event.QUESTION_ASKED: ("question", "kind", "title", "deadline", "needs_verified"),
    Event.PERSON_AWAITED: ("questions", "how", "until", "flow_run"),
    Event.QUESTION_ANSWERED: ("question", "option", "by", "verified", "proof", "source"),
    Event.QUESTION_SETTLED: ("question", "reason"),
    Event.RESOURCE_SKIPPED: ("reason",),
    Event.RESOURCE_ESCALATED: ("reason",),
    Event.OPERATION_ENDED: ("verdict", "exit_code", "reason"),
}
"""Journal words that become events, and the values that go along; a dot leads into a model."""


def event_name(word: str) -> str:
    """Return the name of the event for a word of the journal."""
    return f"{PREFIX}{word}"


def resource_of(work: Operation) -> dict[str, str]:
    """Return what all events of an operation are about."""
    return {
        "prefect.resource.id": f"{PREFIX}operation.{work.id}",
        "prefect.resource.name": f"{work.bundle_name} on {work.target}",
        "bundleops.bundle": work.bundle_name,
        "bundleops.target": work.target,
        "bundleops.kind": work.kind,
    }


def emit(
    work: Operation, event: JournalEvent, related: list[dict[str, str]], follows: PrefectEvent | None = None
) -> PrefectEvent | None:
    """Send a journal line to Prefect if it matters, and return what was sent; Prefect sends it in the background.

    `follows` is what was sent before it: without it Prefect may handle two events of one moment the wrong way round.
    """
    if event.event not in FIELDS:
        return follows
    name, payload = event_name(event.event), payload_of(work, event)
    return emit_event(name, resource_of(work), event.at, related, payload, follows=follows)


def beat(work: Operation, related: list[dict[str, str]], follows: PrefectEvent | None = None) -> PrefectEvent | None:
    """Say that the operation is alive, and return what was sent."""
    return emit_event(HEARTBEAT, resource_of(work), None, related, _identity(work), follows=follows)


def payload_of(work: Operation, event: JournalEvent) -> dict[str, Any]:
    """Return the values of an event; whatever came from a workspace is one short line without control characters."""
    values = {field.rpartition(".")[2]: _plain(_value(event.data, field)) for field in FIELDS[event.event]}
    return {
        **_identity(work),
        "resource": event.resource,
        "iteration": event.iteration,
        **{name: value for name, value in values.items() if value is not None},
    }


def _identity(work: Operation) -> dict[str, Any]:
    return {
        "operation": work.id,
        "bundle": work.bundle_name,
        "target": work.target,
        "resume": work.resume_command,
    }


def _value(data: Mapping[str, Any], field: str) -> Any:
    value: Any = data
    for key in field.split("."):
        value = value.get(key) if isinstance(value, Mapping) else getattr(value, key, None)
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return one_line(str(value))


def one_line(text: str) -> str:
    """Return a text from outside as one short line without secrets and control characters."""
    return shorten(" ".join(for_terminal(redact(text)).split()), TEXT_LIMIT)
