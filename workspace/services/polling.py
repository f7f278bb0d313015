"""Waits for something remote: dense at first, less often while nothing changes, and unmoved by passing faults."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

from workspace.errors import HostUnreachableError, RunTimeoutError, WorkspaceRequestError
from workspace.settings import Settings

T = TypeVar("T")

OnChange = Callable[[str], None]
Sleep = Callable[[float], None]


@dataclass(frozen=True)
class Pace:
    """Pauses between two looks, in seconds. A change of state starts again at `first`."""

    first: float = 1.0
    longest: float = 10.0
    growth: float = 1.5

    @classmethod
    def from_settings(cls, settings: Settings) -> Pace:
        """Take the pauses from the settings."""
        return cls(first=settings.poll_seconds_first, longest=settings.poll_seconds_max)

    def after(self, pause: float) -> float:
        """Return the pause that follows one without a change."""
        return min(self.longest, pause * self.growth)


@dataclass(frozen=True)
class Look(Generic[T]):
    """What one look found: the state, and the end when it has come."""

    state: str
    end: T | None = None


def ignore(_state: str) -> None:
    """Take no notice of a change."""


def wait_until_end(
    look: Callable[[], Look[T]],
    *,
    what: str,
    timeout: timedelta,
    on_change: OnChange = ignore,
    sleep: Sleep = time.sleep,
    pace: Pace | None = None,
) -> T:
    """Look until the end has come.

    A passing fault (429, 5xx, no connection) is reported through `on_change` and survived: what is waited for goes on.

    Raises:
        RunTimeoutError: no end within the time limit.
        OperatorError: a fault that does not pass, such as 403 or 404.
    """
    pace = pace or Pace()
    limit, begun, slept = timeout.total_seconds(), time.monotonic(), 0.0
    pause, state = pace.first, ""
    while True:
        seen = _look(look)
        if seen.end is not None:
            return seen.end
        if seen.state != state:
            pause, state = pace.first, seen.state
            on_change(state)
        else:
            pause = pace.after(pause)
        if max(time.monotonic() - begun, slept) >= limit:
            raise RunTimeoutError(
                f"{what} has not ended within {limit / 60:g} min (last seen: {state}). It goes on in the workspace: "
                "resume the operation to wait on, or cancel it there."
            )
        sleep(pause)
        slept += pause


def _look(look: Callable[[], Look[T]]) -> Look[T]:
    try:
        return look()
    except HostUnreachableError as error:
        return Look(state=f"no answer: {error}")
    except WorkspaceRequestError as error:
        if not error.transient:
            raise
        return Look(state=f"no answer: {error}")
