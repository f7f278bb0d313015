"""Which runs are waited for, and when each is looked at: a schedule without threads, network or clock of its own."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from workspace.errors import OperatorError, RunTimeoutError
from workspace.services.pacing import Pace, Sight, Window, after_fault, expected_window, next_look
from workspace.services.polling import Look, passes

T = TypeVar("T")

TOGETHER = 0.25
"""What would be looked at within this share of its pause anyway is looked at together with what is due now."""

ENDING_PATIENCE = 60.0
"""Seconds that a run of which nothing can start any more has to end by itself before its waiter is told."""


class Subject(Protocol[T]):
    """Runs that one request can tell about together: those of a job, the updates of a pipeline."""

    def look(self, due: Sequence[str], waited_for: Sequence[str]) -> Mapping[str, Look[T] | OperatorError]:
        """Look at the runs that are due, and at others that are waited for where that costs nothing more."""

    def durations(self) -> Sequence[float]:
        """Return the seconds that earlier successes took, in any order; empty where nothing is known."""


@dataclass(frozen=True)
class Told(Generic[T]):
    """What the waiter of a run is told: a change, the end, that its end is overdue, or why there is no more to wait."""

    run_id: str
    look: Look[T] | None = None
    error: Exception | None = None
    overdue: bool = False
    """The outcome is settled, and the workspace does not end the run."""


@dataclass
class Watch(Generic[T]):
    """One run that is waited for. Times are those of the poller's clock, in seconds."""

    run_id: str
    what: str
    """How a message calls the run."""
    pace: Pace
    tell: Callable[[Told[T]], None]
    began: float
    deadline: float
    started: float | None = None
    """When the run started; None until the workspace has said it."""
    state: str = ""
    changed: float = 0.0
    looked: float = 0.0
    due: float = 0.0
    faults: int = 0
    ending_since: float | None = None

    def __post_init__(self) -> None:
        self.changed = self.began if self.started is None else self.started
        self.due = self.began if self.started is None else max(self.began, self.started + self.pace.first)
        self.looked = self.began


@dataclass
class Group(Generic[T]):
    """The runs of one subject."""

    key: Hashable
    subject: Subject[T]
    watches: dict[str, Watch[T]] = field(default_factory=dict)
    window: Window | None = None
    asked_history: bool = False
    busy: bool = False
    due: float = 0.0
    """When the first of its runs is due."""


@dataclass(frozen=True)
class Round(Generic[T]):
    """One look at a group: which runs are due, and whether its history is still to be asked for."""

    group: Group[T]
    due: tuple[str, ...]
    waited_for: tuple[str, ...]
    needs_history: bool


class Watches(Generic[T]):
    """All runs that are waited for."""

    def __init__(self) -> None:
        self._groups: dict[Hashable, Group[T]] = {}
        self._order: list[tuple[float, int, Group[T]]] = []
        """A heap of groups by when they are due. One whose time has changed is in it again; the old entry is stale."""
        self._pushed = 0
        self._not_before = 0.0

    def __bool__(self) -> bool:
        return bool(self._groups)

    def add(self, key: Hashable, subject: Subject[T], watch: Watch[T]) -> Hashable:
        """Wait for a run and return the key of its group; the subject counts where the group is new.

        A run that two wait for at the same time is in two groups.
        """
        while key in self._groups and watch.run_id in self._groups[key].watches:
            key = (key, "again")
        group = self._groups.setdefault(key, Group(key, subject))
        group.watches[watch.run_id] = watch
        self._plan(group)
        return key

    def remove(self, key: Hashable, run_id: str) -> None:
        """Wait for a run no longer."""
        group = self._groups.get(key)
        if group is not None:
            group.watches.pop(run_id, None)
            if not group.watches:
                del self._groups[key]

    def abandon(self, error: Exception) -> None:
        """Tell everybody that there is no more to wait for, because of a defect of ours."""
        groups, self._groups = self._groups, {}
        for group in groups.values():
            for watch in group.watches.values():
                watch.tell(Told(watch.run_id, error=error))

    def next_due(self) -> float | None:
        """Return when the next look is due, None while nothing is waited for or all is being looked at."""
        while self._order and not self._is_planned(*self._order[0]):
            heapq.heappop(self._order)
        return max(self._order[0][0], self._not_before) if self._order else None

    def take(self, now: float) -> Round[T] | None:
        """Return what is to be looked at now, most overdue first; it is not taken again before it is settled."""
        due_at = self.next_due()
        if due_at is None or due_at > now:
            return None
        group = heapq.heappop(self._order)[2]
        group.busy = True
        due = tuple(one.run_id for one in group.watches.values() if one.due <= now + TOGETHER * (one.due - one.looked))
        return Round(group, due, tuple(group.watches), needs_history=not group.asked_history)

    def _plan(self, group: Group[T]) -> None:
        """Put a group into the order."""
        group.due = min(watch.due for watch in group.watches.values())
        if not group.busy:
            self._pushed += 1
            heapq.heappush(self._order, (group.due, self._pushed, group))

    def _is_planned(self, due: float, _number: int, group: Group[T]) -> bool:
        return not group.busy and group.due == due and self._groups.get(group.key) is group

    def settle(
        self,
        taken: Round[T],
        answers: Mapping[str, Look[T] | OperatorError],
        now: float,
        durations: Sequence[float] | None = None,
    ) -> None:
        """Take in what a look found, tell the waiters, and plan the next looks."""
        group = taken.group
        group.busy = False
        if durations is not None:
            group.window, group.asked_history = expected_window(durations), True
        for run_id, answer in answers.items():
            watch = group.watches.get(run_id)
            if watch is None:
                continue
            if isinstance(answer, OperatorError):
                last = self._take_fault(watch, answer, now)
            else:
                last = _take_look(watch, answer, now, group.window)
            if last is None and now >= watch.deadline:
                last = Told(run_id, error=_too_long(watch))
            if last is not None:
                self.remove(group.key, run_id)
                watch.tell(last)
        if group.watches:
            self._plan(group)

    def _take_fault(self, watch: Watch[T], error: OperatorError, now: float) -> Told[T] | None:
        """Take in a look without an answer; return the last word about the run when the fault does not pass."""
        if not passes(error):
            return Told(watch.run_id, error=error)
        watch.faults += 1
        retry_after = getattr(error, "retry_after", None)
        if retry_after:
            # Who asks one request to wait means them all.
            self._not_before = max(self._not_before, now + retry_after)
        _note_state(watch, Look(state=f"no answer: {error}"), now)
        watch.due = min(now + after_fault(watch.faults, retry_after, watch.pace), max(watch.deadline, now))
        return None


def _take_look(watch: Watch[T], look: Look[T], now: float, window: Window | None) -> Told[T] | None:
    """Take in what a look found; return the last word about the run when that is its end."""
    watch.looked, watch.faults = now, 0
    if look.end is not None:
        return Told(watch.run_id, look=look)
    if watch.started is None:
        watch.started = now - (look.age or 0.0)
    _note_state(watch, look, now)
    _note_ending(watch, look, now)
    sight = Sight(now - watch.started, now - watch.changed, None if look.queued else window, ending=look.ending)
    if look.queued:
        # What it takes counts from when it leaves the queue.
        watch.started = now - min(sight.age, watch.pace.first)
    watch.due = min(now + next_look(sight, watch.pace), max(watch.deadline, now))
    return None


def _note_state(watch: Watch[T], look: Look[T], now: float) -> None:
    if look.state != watch.state:
        watch.state, watch.changed = look.state, now
        watch.tell(Told(watch.run_id, look=look))


def _note_ending(watch: Watch[T], look: Look[T], now: float) -> None:
    if not look.settled:
        watch.ending_since = None
    elif watch.ending_since is None:
        watch.ending_since = now
    elif now - watch.ending_since >= ENDING_PATIENCE:
        watch.ending_since = now
        watch.tell(Told(watch.run_id, look=look, overdue=True))


def _too_long(watch: Watch[T]) -> RunTimeoutError:
    minutes = (watch.deadline - watch.began) / 60
    return RunTimeoutError(
        f"{watch.what} has not ended within {minutes:g} min (last seen: {watch.state}). It goes on in the workspace: "
        "resume the operation to wait on, or cancel it there."
    )
