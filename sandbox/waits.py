"""Waits of the scripted compute mode, which the loss of an engine ends as a cancellation does."""

from __future__ import annotations

import threading
from typing import Literal


class Waits:
    """The waits in progress."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[int, threading.Event] = {}

    def wait(self, cancel: threading.Event, seconds: float) -> Literal["over", "canceled", "lost"]:
        """Wait; says why it is over. A loss sets `cancel` as well: a thread can wait for one event only."""
        key = id(cancel)
        with self._lock:
            self._open[key] = cancel
        ended = cancel.wait(seconds)
        with self._lock:
            lost = self._open.pop(key, None) is None
        return "lost" if lost else "canceled" if ended else "over"

    def lose(self) -> None:
        """End every wait."""
        with self._lock:
            waiting = list(self._open.values())
            self._open.clear()
        for cancel in waiting:
            cancel.set()
