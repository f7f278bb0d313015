"""What went on when: runs, deploys and waits for a person, as spans of an operation's time. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from operations.ends import BUNDLE
from operations.events import Event, JournalEvent
from workspace.models import Model, RunHandle, RunOutcome

DEPLOY_ROW = "deploy"
PERSON_ROW = "a person"
OPEN = "open"
"""How a span ends whose end is not in the journal."""


_ENDS: Mapping[str, tuple[str, str]] = {
    Event.BUNDLE_DEPLOYED: (DEPLOY_ROW, "deployed"),
    Event.EVIDENCE_COLLECTED: (DEPLOY_ROW, "failed"),
    Event.QUESTION_ANSWERED: (PERSON_ROW, "answered"),
    Event.OPERATION_ENDED: (PERSON_ROW, "waiting"),
}
"""Lines that end a deploy or a wait, and how."""


class Span(Model):
    """One thing that went on."""

    row: str
    """Resource key, `deploy` or `a person`."""
    label: str
    began: float
    ended: float
    """Both in seconds since the operation's first line."""
    result: str
    """Of a run its result; `deployed` or `failed`; `answered` or `waiting`; `open` while it goes on."""
    url: str = ""


def timeline(events: Iterable[JournalEvent]) -> tuple[Span, ...]:
    """Return the spans of an operation in the order in which they began."""
    journal = tuple(events)
    if not journal:
        return ()
    maker = _Maker(journal[0].at)
    for event in journal:
        maker.take(event)
    return maker.finished(journal[-1].at)


class _Maker:
    """Opens spans and closes them, line by line."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._open: dict[tuple[str, str], Span] = {}
        self._closed: list[Span] = []

    def take(self, event: JournalEvent) -> None:
        """Look at one line."""
        if event.event == Event.RUN_STARTED:
            handle = RunHandle.model_validate(event.data["handle"])
            self._begin(event, (handle.resource, handle.run_id), f"{handle.resource} #{handle.iteration}", handle.url)
        elif event.event == Event.RUN_ENDED:
            outcome = RunOutcome.model_validate(event.data["outcome"])
            self._end(event, (outcome.handle.resource, outcome.handle.run_id), outcome.result.value)
        elif event.event == Event.DEPLOY_STARTED:
            self._begin(event, (DEPLOY_ROW, ""), "deploy")
        elif event.event == Event.PERSON_AWAITED:
            self._begin(event, (PERSON_ROW, ""), f"asked: {', '.join(event.data['questions'])}")
        elif event.event in _ENDS and (event.event != Event.EVIDENCE_COLLECTED or event.resource in {None, BUNDLE}):
            row, result = _ENDS[event.event]
            self._end(event, (row, ""), result)

    def finished(self, end: datetime) -> tuple[Span, ...]:
        """Return all spans; what is still open goes on until the last line."""
        still = [span.model_copy(update={"ended": self._seconds(end)}) for span in self._open.values()]
        return tuple(sorted([*self._closed, *still], key=lambda span: (span.began, span.row)))

    def _begin(self, event: JournalEvent, key: tuple[str, str], label: str, url: str = "") -> None:
        # A run that is taken up again after a crash began when it was started first.
        at = self._seconds(event.at)
        self._open.setdefault(key, Span(row=key[0], label=label, began=at, ended=at, result=OPEN, url=url))

    def _end(self, event: JournalEvent, key: tuple[str, str], result: str) -> None:
        span = self._open.pop(key, None)
        if span is not None:
            self._closed.append(span.model_copy(update={"ended": self._seconds(event.at), "result": result}))

    def _seconds(self, at: datetime) -> float:
        return max(0.0, (at - self._start).total_seconds())
