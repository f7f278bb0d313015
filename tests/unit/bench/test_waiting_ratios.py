"""What `make bench` prints about waiting, held as ratios: the same schedule and requests on a simulated clock."""

from __future__ import annotations

import pytest

from tests.bench.__main__ import found
from tests.bench.simulated import alone, every_10_seconds, make_case, ours, up_to_120_seconds


@pytest.mark.parametrize(("seconds", "spread"), [(180, 0.1), (600, 0.2), (1800, 0.1)])
def test_with_a_history_half_the_calls_of_a_10_s_poll_notice_ends_within_5_s_on_average(
    seconds: float, spread: float
) -> None:
    case = make_case(seconds, spread, runs=200, jobs=200)
    result, poll = ours(case), alone(case, every_10_seconds)
    assert len(result.delays) == 200
    assert round(result.calls / poll.calls, 2) <= 0.5
    assert result.mean_delay <= 5


@pytest.mark.parametrize("seconds", [20, 600])
def test_without_a_history_neither_calls_nor_delays_exceed_those_of_a_10_s_poll(seconds: float) -> None:
    case = make_case(seconds, 0.2, runs=100, jobs=100).without_history()
    result, poll = ours(case), alone(case, every_10_seconds)
    assert result.calls <= poll.calls
    assert result.mean_delay <= poll.mean_delay
    assert result.mean_delay < alone(case, up_to_120_seconds).mean_delay


def test_runs_of_one_job_take_a_fraction_of_the_calls_that_they_take_apart() -> None:
    together, apart = (ours(make_case(600, 0.2, runs=200, jobs=jobs)) for jobs in (1, 200))
    assert together.calls < apart.calls / 2
    assert together.mean_delay < apart.mean_delay


def test_every_measure_has_a_title_and_lines() -> None:
    measures = found()
    assert {"many_runs", "noticing_ends", "overhead"} <= measures.keys()
    assert all(callable(module.lines) and module.TITLE for module in measures.values())
