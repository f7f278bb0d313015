"""What this process is working on right now: threads, cancel events and alarms. Nothing here is stored."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal

Ending = Literal["CANCELED", "TIMEDOUT"]


@dataclass
class Attempt:
    """A task run in progress."""

    cancel: threading.Event = field(default_factory=threading.Event)
    ending: Ending | None = None
    """Why it is to end early."""
    on_cancel: Callable[[], object] | None = None
    """Ends what the task run waits for: a child run or an update."""


class Attempts:
    """A bounded pool of threads and the attempts in it."""

    def __init__(self, workers: int) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="task")
        self._live: dict[int, Attempt] = {}
        self._alarms: dict[int, threading.Timer] = {}

    def launch(self, task_run_id: int, perform: Callable[[Attempt], None]) -> None:
        """Perform an attempt in a thread as soon as one is free."""
        attempt = self._live[task_run_id] = Attempt()
        self._pool.submit(perform, attempt)

    def stop(self, task_run_id: int, ending: Ending) -> bool:
        """Ask an attempt to end; False if it is not in progress here."""
        attempt = self._live.get(task_run_id)
        if attempt is None:
            return False
        attempt.ending = attempt.ending or ending
        attempt.cancel.set()
        if attempt.on_cancel is not None:
            attempt.on_cancel()
        return True

    def ended(self, task_run_id: int) -> Attempt | None:
        """Forget an attempt, and its alarm."""
        self.disarm(task_run_id)
        return self._live.pop(task_run_id, None)

    def arm(self, run_id: int, seconds: float | None, action: Callable[[], None]) -> None:
        """Call `action` once the time is over; no time means no limit."""
        if not seconds:
            return
        timer = threading.Timer(seconds, action)
        timer.daemon = True
        self._alarms[run_id] = timer
        timer.start()

    def disarm(self, run_id: int) -> None:
        """Call off an alarm."""
        timer = self._alarms.pop(run_id, None)
        if timer is not None:
            timer.cancel()

    def close(self) -> None:
        """Cancel everything and take no more work."""
        for run_id in list(self._alarms):
            self.disarm(run_id)
        for attempt in list(self._live.values()):
            attempt.cancel.set()
        self._pool.shutdown(wait=False, cancel_futures=True)
