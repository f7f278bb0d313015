from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace.services.pacing import Pace, Sight, Window, after_fault, expected_window, next_look

PACE = Pace()
DURATIONS = st.floats(min_value=1, max_value=4 * 3600)
HISTORIES = st.lists(st.floats(min_value=5, max_value=7200), max_size=25)


def looks(history: list[float], pace: Pace = PACE) -> Iterator[float]:
    """Ages at which a run is looked at whose state does not change."""
    age, window = 0.0, expected_window(history)
    while True:
        age += next_look(Sight(age, age, window), pace)
        yield age


def seen(duration: float, history: list[float]) -> tuple[int, float]:
    """How many looks a run costs, and how late its end is noticed."""
    for count, age in enumerate(looks(history), start=1):
        if age >= duration:
            return count, age - duration
    raise AssertionError


def steady_poll(duration: float) -> tuple[int, float]:
    """The same of a client that looks every 10 s, first at once."""
    last = -(-duration // 10) * 10
    return int(last / 10) + 1, last - duration


def ladder(duration: float) -> float:
    """How late a client is that waits 30, 60 and then 120 s each time."""
    age, pauses = 0.0, iter([30.0, 60.0])
    while age < duration:
        age += next(pauses, 120.0)
    return age - duration


@given(DURATIONS)
def test_without_a_history_a_run_costs_no_more_looks_than_a_10_s_poll_and_its_end_is_seen_no_later(d: float) -> None:
    (calls, delay), (calls_of_poll, delay_of_poll) = seen(d, []), steady_poll(d)
    assert calls <= calls_of_poll
    assert delay <= delay_of_poll + 1e-6


@given(DURATIONS)
def test_without_a_history_an_end_is_seen_no_later_than_after_30_60_and_120_s(d: float) -> None:
    assert seen(d, [])[1] <= ladder(d) + 1e-6


@given(HISTORIES, st.floats(min_value=0, max_value=50_000), st.floats(min_value=0, max_value=50_000))
def test_the_next_look_always_comes_and_never_later_than_the_longest_pause(
    history: list[float], age: float, quiet: float
) -> None:
    for pace in (PACE, PACE.for_training, PACE.for_updates):
        pause = next_look(Sight(age, min(age, quiet), expected_window(history)), pace)
        assert pace.first / 10 <= pause <= pace.far[-1]


@given(st.floats(min_value=0, max_value=29), HISTORIES)
def test_after_a_change_the_next_look_comes_within_30_s(quiet: float, history: list[float]) -> None:
    assert next_look(Sight(10_000.0, quiet, expected_window(history)), PACE) <= 30


@given(st.lists(st.floats(min_value=1, max_value=7200), min_size=1, max_size=25))
def test_the_end_is_expected_around_the_middle_of_earlier_ends(history: list[float]) -> None:
    window = expected_window(history)
    assert window is not None
    assert 0 < window.opens < sorted(history)[len(history) // 2] < window.closes


@pytest.mark.parametrize("minutes", [3, 10, 60])
def test_with_a_history_half_the_looks_of_a_10_s_poll_see_an_end_within_5_s_on_average(minutes: int) -> None:
    history = [minutes * 60 * (0.9 + 0.01 * step) for step in range(21)]
    ends = [minutes * 60 * (0.9 + 0.002 * step) for step in range(101)]
    ours, polls = [seen(end, history) for end in ends], [steady_poll(end) for end in ends]
    assert sum(delay for _, delay in ours) / len(ours) <= 5
    assert sum(calls for calls, _ in ours) <= sum(calls for calls, _ in polls) / 2


def test_one_earlier_run_is_a_history_with_a_wide_window() -> None:
    one, many = expected_window([600]), expected_window([600] * 20)
    assert one is not None
    assert many is not None
    assert one.closes - one.opens > 3 * (many.closes - many.opens)


def test_a_run_that_fails_early_is_seen_before_its_usual_end() -> None:
    history = [3600.0] * 20
    assert seen(2, history) == (1, 1)
    assert seen(30, history)[1] <= 30
    assert seen(1800, history)[1] <= 60


def test_a_run_that_nothing_can_start_in_any_more_is_looked_at_soon() -> None:
    far = Window(opens=3000, closes=4000)
    assert next_look(Sight(100, 90, far, ending=True), PACE) == 3
    assert next_look(Sight(100, 90, far), PACE) > 30


def test_an_overdue_run_is_looked_at_less_and_less_often() -> None:
    window = Window(opens=500, closes=600)
    pauses = [next_look(Sight(age, age, window), PACE) for age in (601, 700, 800, 2000)]
    assert pauses == [10, 10, 20, 30]


def test_training_runs_are_looked_at_after_60_to_300_s_while_the_end_is_far() -> None:
    far = Window(opens=50_000, closes=60_000)
    pauses = [next_look(Sight(quiet + 5, quiet, far), PACE.for_training) for quiet in (0, 100, 200, 20_000)]
    assert pauses == sorted(pauses)
    assert pauses[0] <= 60
    assert 250 < pauses[-1] <= 300


def test_faults_double_the_pause_up_to_a_minute_and_retry_after_is_kept_to() -> None:
    assert [after_fault(count, None, PACE) for count in (1, 2, 3, 4, 99)] == [10, 20, 40, 60, 60]
    assert after_fault(1, 240, PACE) == 240
    assert after_fault(4, 1, PACE) == 60
