"""The clock that sets scheduled work going: whoever has schedules is asked every second what is due."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from sandbox.quartz import parse_cron
from sandbox.records import now_ms

_SECONDS = 1.0


@dataclass(frozen=True)
class Schedule:
    """When one thing is to be done."""

    key: str
    expression: str
    zone: str


class Scheduled(Protocol):
    """A service with schedules."""

    def schedules(self) -> Iterable[Schedule]:
        """The schedules that are in force now."""

    def run_scheduled(self, key: str) -> None:
        """Begin what is due; returns at once."""


class Ticker:
    """Asks the services in a thread of its own. What fell due while the sandbox was stopped is not made up for."""

    def __init__(self, *services: Scheduled) -> None:
        self._services = services
        self._next: dict[tuple[int, Schedule], int | None] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ticker", daemon=True)

    def start(self) -> None:
        """Begin to tick."""
        self._thread.start()

    def close(self) -> None:
        """Stop ticking."""
        self._closed.set()

    def tick(self, moment_ms: int) -> list[str]:
        """Begin everything that is due at a moment; returns the keys of what was begun."""
        with self._lock:
            due = [
                (service, schedule.key)
                for index, service in enumerate(self._services)
                for schedule in service.schedules()
                if self._is_due(index, schedule, moment_ms)
            ]
        for service, key in due:
            service.run_scheduled(key)
        return [key for _, key in due]

    def _is_due(self, service: int, schedule: Schedule, moment_ms: int) -> bool:
        known = (service, schedule)
        cron = parse_cron(schedule.expression)
        if known not in self._next:
            self._next[known] = cron.next_after(now_ms(), schedule.zone)
        expected = self._next[known]
        if expected is None or expected > moment_ms:
            return False
        self._next[known] = cron.next_after(moment_ms, schedule.zone)
        return True

    def _run(self) -> None:
        while not self._closed.wait(_SECONDS):
            self.tick(now_ms())
