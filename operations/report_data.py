"""The report of an operation as data, made from its request and its journal alone."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import AwareDatetime

from operations.destroy_report import DestroyReport, destroy_report
from operations.events import Event, JournalEvent
from operations.operation import Operation
from operations.progress import progress
from operations.standing import Progress, ResourceProgress, ResourceStatus
from workspace.models import Layer, Model

_LAYERS = {layer.value: number for number, layer in enumerate(Layer)}


class AskedQuestion(Model):
    """A question of the operation and what was said; `option` is None while there is no answer."""

    id: str
    resource: str | None
    kind: str
    title: str
    option: str | None = None
    by: str = ""
    verified: bool = False
    proof: str = ""
    source: str = ""
    note: str = ""
    settled: str = ""
    """Why it was taken back without an answer."""

    @property
    def whether_verified(self) -> str:
        """Whether it is proven who answered, and by what."""
        return (f"verified: {self.proof}" if self.proof else "verified") if self.verified else "unverified"


class ResourceReport(Model):
    """One resource in the report."""

    progress: ResourceProgress
    url: str = ""
    """The page of the newest run, else of the resource."""
    seconds: float = 0.0
    """Of all its runs together."""
    checked: str = ""
    """How the run was verified."""


class OperationReport(Model):
    """Everything a person wants to know about an operation."""

    operation: str
    bundle: str
    target: str
    verdict: str
    reason: str
    started_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    seconds: float
    deploy: ResourceReport
    resources: tuple[ResourceReport, ...]
    """In the order of layers."""
    deployed: bool
    questions: tuple[AskedQuestion, ...]
    lessons: tuple[str, ...]
    notes: tuple[str, ...]
    next_steps: tuple[str, ...]
    patch: str | None
    destroy: DestroyReport | None = None
    """What was or would be deleted; None when the operation did not set out to destroy."""


def make_report(request: Operation, events: Iterable[JournalEvent]) -> OperationReport:
    """Make the report of an operation at any moment of it: ended, waiting, or still running."""
    journal = tuple(events)
    done = progress(journal)
    urls = _resource_urls(journal)
    ordered = sorted(done.resources.values(), key=lambda resource: _LAYERS.get(resource.layer, len(_LAYERS)))
    questions = asked_questions(journal)
    end = done.ended_at or done.last_at
    return OperationReport(
        operation=request.id,
        bundle=request.bundle,
        target=request.target,
        verdict=done.verdict or ("waiting" if done.open_questions else "running"),
        reason=str(done.end.get("reason", "")),
        started_at=done.started_at,
        ended_at=done.ended_at,
        seconds=(end - done.started_at).total_seconds() if end and done.started_at else 0.0,
        deploy=ResourceReport(progress=done.bundle),
        resources=tuple(_resource(resource, urls, journal) for resource in ordered),
        deployed=done.deployed,
        questions=questions,
        lessons=_texts(journal, Event.LESSON_NOTED),
        notes=_texts(journal, Event.NOTE),
        next_steps=_next_steps(request, done, questions),
        patch=done.end.get("patch"),
        destroy=destroy_report(journal),
    )


def asked_questions(events: Iterable[JournalEvent]) -> tuple[AskedQuestion, ...]:
    """Return the questions of an operation with their answers, oldest first."""
    found: dict[str, AskedQuestion] = {}
    for event in events:
        data = event.data
        if event.event == Event.QUESTION_ASKED:
            asked = {name: str(data.get(name, "")) for name in ("kind", "title")}
            _take_back_older(found, event)
            found[data["question"]] = AskedQuestion(id=data["question"], resource=event.resource, **asked)
        elif event.event == Event.QUESTION_ANSWERED and data["question"] in found:
            said = {
                name: data[name] for name in ("option", "by", "verified", "proof", "source", "note") if name in data
            }
            found[data["question"]] = found[data["question"]].model_copy(update=said)
        elif event.event == Event.QUESTION_SETTLED and data["question"] in found:
            found[data["question"]] = found[data["question"]].model_copy(update={"settled": data["reason"]})
    return tuple(found.values())


def _take_back_older(found: dict[str, AskedQuestion], event: JournalEvent) -> None:
    """A new question replaces the open ones about the same resource, as it does in the store."""
    for older in found.values():
        if older.resource == event.resource and older.option is None and not older.settled:
            found[older.id] = older.model_copy(update={"settled": f"it was asked anew as {event.data['question']}"})


def _resource(resource: ResourceProgress, urls: Mapping[str, str], events: tuple[JournalEvent, ...]) -> ResourceReport:
    runs = [attempt.handle for attempt in resource.attempts if attempt.handle]
    checked = [event for event in events if event.event == Event.RUN_VERIFIED and event.resource == resource.key]
    return ResourceReport(
        progress=resource,
        url=runs[-1].url if runs else urls.get(resource.key, ""),
        seconds=sum(attempt.outcome.seconds for attempt in resource.attempts if attempt.outcome),
        checked="; ".join(map(str, checked[-1].data.get("detail") or ())) if checked else "",
    )


def _resource_urls(events: Iterable[JournalEvent]) -> Mapping[str, str]:
    """Pages of the resources, from the newest deploy that tells them."""
    found: dict[str, str] = {}
    for event in events:
        urls: Any = event.data.get("resources") if event.event == Event.BUNDLE_DEPLOYED else None
        if isinstance(urls, Mapping):
            found.update({str(key): str(url) for key, url in urls.items()})
    return found


def _texts(events: Iterable[JournalEvent], kind: Event) -> tuple[str, ...]:
    return tuple(str(event.data.get("text", "")) for event in events if event.event == kind and event.data.get("text"))


def _next_steps(request: Operation, done: Progress, questions: tuple[AskedQuestion, ...]) -> tuple[str, ...]:
    """What a person does next, one sentence each."""
    steps = [
        f"Answer question {question.id}: {question.title}"
        for question in questions
        if question.option is None and not question.settled
    ]
    if done.end.get("patch"):
        command = f"patch -d {shlex.quote(request.bundle)} -p1 -i {shlex.quote(str(done.end['patch']))}"
        steps.append(f"Take the proven fixes over into the bundle: {command}")
    unproven = any(attempt.applied and not attempt.undone for attempt in done.bundle.attempts) and not done.deployed
    if unproven:
        steps.append(f"Look at the unproven edits in the working copy {request.working_copy}")
    settled = {ResourceStatus.VERIFIED, ResourceStatus.SKIPPED}
    unsettled = done.ended_at is None or any(one.status not in settled for one in done.resources.values())
    if request.kind == "destroy":
        unsettled = done.end.get("exit_code") != 0
    if (unsettled or (request.kind == "operate" and not done.deployed)) and not request.dry_run:
        steps.append(f"Go on with this operation: {request.resume_command}")
    return tuple(steps)
