"""Waits for something remote that ends soon: dense at first, less often while nothing changes, passing faults survived.

Runs of jobs and updates of pipelines have a poller of their own (workspace/services/poller.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

from workspace.errors import HostUnreachableError, OperatorError, RunTimeoutError, WorkspaceRequestError

T = TypeVar("T")

Sleep = Callable[[float], None]


@dataclass(frozen=True)
class Growth:
    """Pauses between two looks, in seconds. A change of state starts again at `first`."""

    first: float = 1.0
    longest: float = 10.0
    factor: float = 1.5

    def after(self, pause: float) -> float:
        """Return the pause that follows one without a change."""
        return min(self.longest, pause * self.factor)


@dataclass(frozen=True)
class Look(Generic[T]):
    """What one look found: the state, the end when it has come, and what tells when the end will come."""

    state: str
    end: T | None = None
    age: float | None = None
    """Seconds since it started by the workspace's word; None where that is not told."""
    queued: bool = False
    """It has not begun: others of its kind run before it."""
    ending: bool = False
    """Nothing of it can start any more."""
    settled: str = ""
    """Why it can only fail now; empty while that is open."""
    failed: tuple[str, ...] = ()
    """Keys of the tasks that failed for good so far."""


def passes(error: OperatorError) -> bool:
    """Tell whether a fault passes by itself: throttled, a server's error, no connection."""
    return isinstance(error, HostUnreachableError) or (isinstance(error, WorkspaceRequestError) and error.transient)


def wait_until_end(
    look: Callable[[], Look[T]],
    *,
    what: str,
    timeout: timedelta,
    sleep: Sleep = time.sleep,
    growth: Growth | None = None,
) -> T:
    """Look until the end has come. A passing fault is survived: what is waited for goes on.

    Raises:
        RunTimeoutError: no end within the time limit.
        OperatorError: a fault that does not pass, such as 403 or 404.
    """
    growth = growth or Growth()
    limit, begun, slept = timeout.total_seconds(), time.monotonic(), 0.0
    pause, state = growth.first, ""
    while True:
        seen = _look(look)
        if seen.end is not None:
            return seen.end
        pause = growth.after(pause) if seen.state == state else growth.first
        state = seen.state
        if max(time.monotonic() - begun, slept) >= limit:
            raise RunTimeoutError(f"{what} has not ended within {limit / 60:g} min (last seen: {state}).")
        sleep(pause)
        slept += pause


def _look(look: Callable[[], Look[T]]) -> Look[T]:
    try:
        return look()
    except OperatorError as error:
        if not passes(error):
            raise
        return Look(state=f"no answer: {error}")
