"""The schedule of looks, played through with a clock of the test's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import pytest

from workspace.errors import OperatorError, RunTimeoutError, WorkspaceRequestError
from workspace.services.pacing import Pace
from workspace.services.polling import Look
from workspace.services.watches import ENDING_PATIENCE, Told, Watch, Watches

HOUR = 3600.0


class Runs:
    """Runs that end at given times, and what a look at them finds."""

    def __init__(self, ends: Mapping[str, float], history: Sequence[float] = ()) -> None:
        self.now = 0.0
        self.ends = dict(ends)
        self.history = history
        self.looked: list[float] = []
        self.faults: list[OperatorError] = []
        self.look_at = Look[str](state="RUNNING")

    def look(self, due: Sequence[str], waited_for: Sequence[str]) -> Mapping[str, Look[str] | OperatorError]:
        self.looked.append(self.now)
        if self.faults:
            return dict.fromkeys(due, self.faults.pop(0))
        return {run: Look("END", end=run) if self.now >= self.ends[run] else self.look_at for run in waited_for}

    def durations(self) -> Sequence[float]:
        return self.history


class Played:
    """Plays a schedule to its end."""

    def __init__(self, runs: Runs, *, limit: float = HOUR, age: float | None = 0.0) -> None:
        self.runs, self.watches = runs, Watches[str]()
        self.told: list[Told[str]] = []
        for run_id in runs.ends:
            watch = Watch(run_id, f"Run {run_id}", Pace(), self.told.append, 0.0, limit, None if age is None else -age)
            self.watches.add("job", runs, watch)

    def play(self, until: float = 10 * HOUR) -> Played:
        while self.watches and (due := self.watches.next_due()) is not None and due <= until:
            taken = self.watches.take(due)
            assert taken is not None
            subject = cast("Runs", taken.group.subject)
            subject.now = due
            answers = subject.look(taken.due, taken.waited_for)
            self.watches.settle(taken, answers, due, subject.durations() if taken.needs_history else None)
        return self

    @property
    def ends(self) -> list[str]:
        return [one.run_id for one in self.told if one.look and one.look.end]


def busy(retry_after: float | None = None) -> WorkspaceRequestError:
    return WorkspaceRequestError("busy", status=429, transient=True, retry_after=retry_after)


def test_the_first_look_at_a_new_run_comes_after_3_s_and_at_one_of_unknown_age_at_once() -> None:
    assert Played(Runs({"1": 2})).play().runs.looked == [3]
    assert Played(Runs({"1": 2}), age=None).play().runs.looked[0] == 0


def test_runs_of_one_job_share_their_looks() -> None:
    one, many = Runs({"1": 100}), Runs({str(number): 100 for number in range(50)})
    assert len(Played(many).play().ends) == 50
    Played(one).play()
    assert len(many.looked) == len(one.looked)


def test_a_fault_that_passes_is_told_and_loses_no_run() -> None:
    runs = Runs({"1": 15})
    runs.faults = [busy(), busy()]
    played = Played(runs).play()
    assert played.ends == ["1"]
    assert [one.look.state for one in played.told if one.look][:2] == ["no answer: busy", "END"]


def test_nothing_is_asked_before_the_time_that_the_workspace_asks_to_wait() -> None:
    runs, other = Runs({"1": 500}), Runs({"2": 500})
    runs.faults = [busy(retry_after=120)]
    played = Played(runs)
    played.watches.add("other", other, Watch("2", "Run 2", Pace(), played.told.append, 0.0, HOUR, 1.0))
    played.play(until=HOUR)
    assert runs.looked[:2] == [3, 123]
    assert [at for at in other.looked if 3 < at < 123] == []


def test_a_fault_that_does_not_pass_is_the_last_word() -> None:
    runs = Runs({"1": 500})
    runs.faults = [WorkspaceRequestError("forbidden", status=403)]
    played = Played(runs).play()
    assert [str(one.error) for one in played.told] == ["forbidden"]
    assert not played.watches


@pytest.mark.parametrize("faults", [0, 10_000])
def test_the_time_limit_ends_the_wait_with_or_without_answers(faults: int) -> None:
    runs = Runs({"1": 9 * HOUR})
    runs.faults = [busy()] * faults
    played = Played(runs, limit=600).play()
    assert isinstance(played.told[-1].error, RunTimeoutError)
    assert runs.looked[-1] == 600


def test_a_queued_run_is_expected_to_take_its_time_from_when_it_begins() -> None:
    runs = Runs({"1": 2000}, history=[600.0] * 20)
    runs.look_at = Look("QUEUED", queued=True)
    played = Played(runs).play(until=1000)
    runs.look_at = Look("RUNNING")
    played.play()
    dense = [b - a for a, b in zip(runs.looked, runs.looked[1:], strict=False) if 1550 < a < 1650]
    sparse = [b - a for a, b in zip(runs.looked, runs.looked[1:], strict=False) if 1100 < a < 1450]
    assert max(dense) < 15
    assert min(sparse) >= 30


def test_a_change_of_state_brings_the_pauses_back_to_30_s() -> None:
    runs = Runs({"1": 9000}, history=[9000.0] * 20)
    played = Played(runs, limit=9 * HOUR).play(until=5000)
    before = runs.looked[-1] - runs.looked[-2]
    runs.look_at = Look("RUNNING (1 of 2 tasks ended)")
    played.play(until=5400)
    changed = [at for at in runs.looked if at > 5000]
    assert before > 100
    assert changed[1] - changed[0] <= 30


def test_a_run_that_can_only_fail_is_looked_at_every_3_s_and_told_as_overdue_after_a_minute() -> None:
    runs = Runs({"1": 200}, history=[3600.0] * 20)
    runs.look_at = Look("RUNNING", ending=True, settled="load failed")
    played = Played(runs).play(until=150)
    overdue = [one for one in played.told if one.overdue]
    assert len(overdue) == 2
    assert overdue[0].look is runs.look_at
    assert runs.looked[-1] - runs.looked[-2] == 3
    assert runs.looked[0] + ENDING_PATIENCE <= 150


def test_a_run_that_two_wait_for_is_told_to_both() -> None:
    runs = Runs({"1": 15})
    played = Played(runs)
    second = Watch("1", "Run 1", Pace(), played.told.append, 0.0, HOUR, 0.0)
    key = played.watches.add("job", runs, second)
    assert key != "job"
    assert played.play().ends == ["1", "1"]


def test_a_defect_is_told_to_everybody_who_waits() -> None:
    played = Played(Runs({"1": 15, "2": 15}))
    played.watches.abandon(ValueError("a defect"))
    assert [(one.run_id, str(one.error)) for one in played.told] == [("1", "a defect"), ("2", "a defect")]
    assert not played.watches
