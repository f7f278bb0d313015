"""Waits for many runs with few threads and few requests: one schedule and at most four requests at a time."""

from __future__ import annotations

import functools
import queue
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from workspace.errors import OperatorError
from workspace.services.pacing import Pace
from workspace.services.polling import Look
from workspace.services.watches import Round, Subject, Told, Watch, Watches

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

T = TypeVar("T")

MAX_THREADS = 4
OnTold = Callable[[Told[Any]], None]


@dataclass(frozen=True)
class Awaited(Generic[T]):
    """A run to wait for."""

    run_id: str
    what: str
    """How a message calls it: `Run 70 of jobs.gold_merge`."""
    key: Hashable
    """Runs with the same key are looked at together."""
    subject: Subject[T]
    pace: Pace
    timeout: timedelta
    age: float | None = None
    """Seconds since it started; None where only the workspace knows."""


class Poller(Generic[T]):
    """The runs that this process waits for in one workspace."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, max_threads: int = MAX_THREADS) -> None:
        self._clock = clock
        self._max_threads = max_threads
        self._watches: Watches[T] = Watches()
        self._changed = threading.Condition()
        self._threads = 0
        self._resting = 0

    def wait(self, runs: Sequence[Awaited[T]], on_told: OnTold | None = None) -> Iterator[tuple[str, T]]:
        """Yield each run's id and end as it comes. `on_told` hears of changes, in the caller's thread.

        Raises:
            RunTimeoutError: one has not ended within its time limit; it goes on.
            OperatorError: a fault that does not pass.
        """
        told: queue.SimpleQueue[Told[T]] = queue.SimpleQueue()
        open_runs: dict[str, Hashable] = {}
        try:
            open_runs |= self._watch(runs, told.put)
            while open_runs:
                news = told.get()
                if news.run_id not in open_runs:
                    continue
                if news.error is not None:
                    raise news.error
                if news.look is not None and news.look.end is not None:
                    self._forget({news.run_id: open_runs.pop(news.run_id)})
                    yield news.run_id, news.look.end
                elif on_told is not None:
                    on_told(news)
        finally:
            self._forget(open_runs)

    def _watch(self, runs: Sequence[Awaited[T]], tell: Callable[[Told[T]], None]) -> dict[str, Hashable]:
        """Begin to wait; return the key of each run's group."""
        now, keys = self._clock(), {}
        with self._changed:
            for run in runs:
                watch = Watch(
                    run_id=run.run_id,
                    what=run.what,
                    pace=run.pace,
                    tell=tell,
                    began=now,
                    deadline=now + run.timeout.total_seconds(),
                    started=None if run.age is None else now - run.age,
                )
                keys[run.run_id] = self._watches.add(run.key, run.subject, watch)
            self._need_thread()
            self._changed.notify()
        return keys

    def _forget(self, runs: dict[str, Hashable]) -> None:
        with self._changed:
            for run_id, key in runs.items():
                self._watches.remove(key, run_id)
            self._changed.notify_all()

    def _need_thread(self) -> None:
        """Start a thread where none rests; call it with the lock."""
        if not self._resting and self._threads < self._max_threads:
            self._threads += 1
            threading.Thread(target=self._work, name=f"poller {self._threads}", daemon=True).start()

    def _work(self) -> None:
        while (taken := self._next_round()) is not None:
            answers, durations = _look(taken)
            with self._changed:
                try:
                    self._watches.settle(taken, answers, self._clock(), durations)
                except Exception as error:  # noqa: BLE001 - a thread that dies would leave all who wait without a word
                    self._watches.abandon(error)
                self._changed.notify()

    def _next_round(self) -> Round[T] | None:
        """Wait for the next look that is due; None, and the thread ends, when nothing is left to wait for."""
        with self._changed:
            while self._watches:
                taken = self._watches.take(self._clock())
                due = self._watches.next_due()
                if taken is not None:
                    if due is not None and due <= self._clock():
                        self._need_thread()
                    return taken
                self._resting += 1
                self._changed.wait(None if due is None else max(0.0, due - self._clock()))
                self._resting -= 1
            self._threads -= 1
            return None


def _look(taken: Round[T]) -> tuple[dict[str, Look[T] | OperatorError], Sequence[float] | None]:
    """Look at a group and, the first time and where something goes on, read its history."""
    subject = taken.group.subject
    try:
        answers = dict(subject.look(taken.due, taken.waited_for))
    except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
        broken = error if isinstance(error, OperatorError) else OperatorError(f"Looking failed: {error!r}")
        return dict.fromkeys(taken.due, broken), None
    goes_on = any(isinstance(one, Look) and one.end is None for one in answers.values())
    return answers, _durations(subject) if taken.needs_history and goes_on else None


def _durations(subject: Subject[T]) -> Sequence[float]:
    """Return the history; where it cannot be read, the pace is that of runs without one."""
    try:
        return subject.durations()
    except OperatorError:
        return ()


@functools.lru_cache(maxsize=16)
def poller_of(client: WorkspaceClient) -> Poller[Any]:
    """Return the one poller of a client, so that all who wait in this process share its looks."""
    del client
    return Poller()
