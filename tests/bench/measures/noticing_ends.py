"""Status calls and delays of 500 runs in one process, against the two usual ways to wait."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.simulated import Case, Result, alone, every_10_seconds, make_case, ours, up_to_120_seconds

TITLE = "500 runs in one process: status calls per run, and seconds until an end is noticed (simulated clock)"
CASES = {
    "3 min ± 10 %, 500 jobs": (180, 0.1, 500),
    "10 min ± 20 %, 500 jobs": (600, 0.2, 500),
    "10 min ± 20 %, 50 jobs": (600, 0.2, 50),
    "10 min ± 20 %, one job": (600, 0.2, 1),
    "60 min ± 10 %, 500 jobs": (3600, 0.1, 500),
}
"""Duration in seconds, its spread, and to how many jobs the 500 runs belong."""


def lines() -> Iterator[str]:
    """Measure each case with four ways to wait."""
    yield "The schedule and its requests are the product's own; the clock is simulated and requests take no time."
    yield "One run in twenty fails, at any moment. Runs of one job share list calls; 25 runs fit on a page."
    yield ""
    yield f"{'':26}{'calls per run':>14}{'of the poll':>12}{'mean delay':>12}{'longest':>9}"
    for name, (seconds, spread, jobs) in CASES.items():
        yield name
        yield from compared(make_case(seconds, spread, jobs=jobs))


def compared(case: Case) -> Iterator[str]:
    """Print one case."""
    poll = alone(case, every_10_seconds)
    results = {
        "bundleops, with history": ours(case),
        "bundleops, no history": ours(case.without_history()),
        "a look every 10 s": poll,
        "30, 60, 120, 120 … s": alone(case, up_to_120_seconds),
    }
    for name, result in results.items():
        yield _line(name, result, poll)


def _line(name: str, result: Result, poll: Result) -> str:
    share = result.calls / poll.calls
    return (
        f"  {name:24}{result.calls_per_run:14.1f}{share:12.0%}{result.mean_delay:10.1f} s{result.longest_delay:7.0f} s"
    )
