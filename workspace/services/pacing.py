"""When to look at a run next. Pure: ages in, seconds out; no clock, no network.

Three phases. Where nothing is known of how long such runs take, the end may come at any moment: one early look, then
the steady pause. With a history the looks are far apart while the end is far away (30, 60, then 120 s at most, and
from 30 s on again after a change), dense where runs of this job have ended before, and steady after that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

LOOKS_PER_WINDOW = 4
"""At least so many looks cover the time in which the end is expected."""

FAR_LOOKS = 60
"""So many looks, as far as the longest pauses allow, are spent before that time: for runs that fail early."""

LONGEST_FAULT_PAUSE = 60.0


@dataclass(frozen=True)
class Pace:
    """Pauses between two looks at one kind of run, in seconds."""

    first: float = 3.0
    """Age of a run at the first look."""
    steady: float = 10.0
    """Pause while the end may come at any moment."""
    far: tuple[float, ...] = (30.0, 60.0, 120.0)
    """Longest pauses while nothing changes, when the end is far away."""

    @property
    def for_training(self) -> Pace:
        """Runs that train a model take long, and their end is not urgent."""
        return replace(self, steady=self.steady * 2, far=(60.0, 120.0, 240.0, 300.0))

    @property
    def for_updates(self) -> Pace:
        """Updates of pipelines are looked at every 30 s at least."""
        return replace(self, far=(30.0,))

    def longest(self, quiet: float) -> float:
        """Return the longest pause after so many seconds without a change."""
        passed = 0.0
        for bound in self.far:
            passed += bound
            if quiet < passed:
                return bound
        return self.far[-1]


@dataclass(frozen=True)
class Window:
    """Between which ages a run is expected to end, in seconds."""

    opens: float
    closes: float


@dataclass(frozen=True)
class Sight:
    """What is known of a run at a look, in seconds."""

    age: float
    """Since the run started."""
    quiet: float
    """Since its state changed last."""
    window: Window | None = None
    """None where nothing is known of earlier runs."""
    ending: bool = False
    """Nothing can start any more in this run, so that its end is a matter of seconds."""


def expected_window(durations: Sequence[float]) -> Window | None:
    """Return when a run should end, from the durations of earlier ones that succeeded; None without any.

    The window holds the middle four fifths of them and a margin, which is the wider the fewer there are.
    """
    known = sorted(one for one in durations if one > 0)
    if not known:
        return None
    margin = 0.05 + 0.15 / len(known)
    return Window(opens=_quantile(known, 0.1) * (1 - margin), closes=_quantile(known, 0.9) * (1 + margin))


def next_look(sight: Sight, pace: Pace) -> float:
    """Return in how many seconds to look again; never at once, also where clocks are coarse."""
    return max(_next_look(sight, pace), pace.first / 10)


def _next_look(sight: Sight, pace: Pace) -> float:
    if sight.age < 0.99 * pace.first:
        return pace.first - sight.age
    if sight.ending:
        return min(pace.first, pace.steady)
    if sight.window is None:
        return _to_next_multiple(sight.age, pace.steady)
    if sight.age < sight.window.opens:
        wait = min(pace.longest(sight.quiet), max(pace.far[0] * 2, sight.window.opens / FAR_LOOKS))
        return _in_equal_parts(sight.window.opens - sight.age, wait)
    if sight.age < sight.window.closes:
        width = sight.window.closes - sight.window.opens
        return min(0.65 * pace.steady, max(width / LOOKS_PER_WINDOW, pace.first / 3))
    overdue = sight.age - sight.window.closes
    return min(pace.far[0], max(pace.steady, overdue / 10))


def after_fault(faults: int, retry_after: float | None, pace: Pace) -> float:
    """Return in how many seconds to look again after so many looks in a row without an answer.

    What the workspace asks for (`Retry-After`) is kept to, however long it is.
    """
    doubled = pace.steady * 2.0 ** min(faults - 1, 10)
    return max(retry_after or 0.0, min(doubled, max(LONGEST_FAULT_PAUSE, pace.steady)))


def _to_next_multiple(age: float, pause: float) -> float:
    """Return the time to the next multiple; a look that came a little late must not bring two close to each other."""
    return (math.floor(age / pause + 0.1) + 1) * pause - age


def _in_equal_parts(distance: float, longest: float) -> float:
    """Return a pause of at most this length that divides the distance evenly: no look just before the last one."""
    return distance / max(1, math.ceil(distance / longest))


def _quantile(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
