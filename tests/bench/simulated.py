"""Job runs on a simulated clock: the product's own schedule and requests against a workspace that counts them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from workspace.services.pacing import Pace
from workspace.services.waiting import JobRuns
from workspace.services.watches import Told, Watch, Watches

DAY = 86_400.0
PAGE = 25


@dataclass(frozen=True)
class Run:
    """A run: of which job, when it starts, and how long it takes, in seconds."""

    run_id: str
    job_id: str
    start: float
    seconds: float
    succeeds: bool = True

    @property
    def end(self) -> float:
        return self.start + self.seconds


@dataclass(frozen=True)
class Result:
    """What it cost to wait for some runs, and how late their ends were noticed, in seconds."""

    calls: int
    delays: tuple[float, ...]

    @property
    def calls_per_run(self) -> float:
        return self.calls / len(self.delays)

    @property
    def mean_delay(self) -> float:
        return sum(self.delays) / len(self.delays)

    @property
    def longest_delay(self) -> float:
        return max(self.delays)


class CountingWorkspace:
    """Answers jobs/runs/get and jobs/runs/list at the time that the clock says, and counts what it is asked."""

    def __init__(self, runs: list[Run], history: Mapping[str, list[float]]) -> None:
        self.now = 0.0
        self.calls = 0
        self.runs = {run.run_id: run for run in runs}
        self._of_job: dict[str, list[Run]] = {}
        for run in runs:
            self._of_job.setdefault(run.job_id, []).append(run)
        self._history = history
        self.config = SimpleNamespace(workspace_id=None)
        self.api_client = self

    def do(self, method: str, path: str, *, query: Mapping[str, Any], headers: Any) -> dict[str, Any]:
        """Answer one request; it takes no time."""
        del method, headers
        self.calls += 1
        if path.endswith("/runs/get"):
            return self._shown(self.runs[str(query["run_id"])])
        runs = self._of_job[str(query["job_id"])]
        shown = [self._shown(run) for run in runs if run.start <= self.now < run.end]
        if "active_only" not in query:
            earlier = [self._shown(run) for run in runs if run.end <= self.now]
            shown = (shown if "completed_only" not in query else []) + earlier + self._earlier(str(query["job_id"]))
        first = int(query.get("page_token") or 0)
        more = {"next_page_token": str(first + PAGE)} if len(shown) > first + PAGE else {}
        return {"runs": shown[first : first + PAGE], **more}

    def _earlier(self, job_id: str) -> list[dict[str, Any]]:
        ended = [{"start_time": 1, "end_time": 1 + seconds * 1000} for seconds in self._history[job_id]]
        return [one | _state("TERMINATED", "SUCCESS") for one in ended]

    def _shown(self, run: Run) -> dict[str, Any]:
        ended = self.now >= run.end
        state = _state("TERMINATED", "SUCCESS" if run.succeeds else "FAILED") if ended else _state("RUNNING")
        times = {"start_time": 1 + int(run.start * 1000), "end_time": 1 + int(run.end * 1000) if ended else 0}
        return {"run_id": int(run.run_id), "tasks": [{"task_key": "only", **state}], **times, **state}


def _state(life_cycle: str, result: str | None = None) -> dict[str, Any]:
    return {"state": {"life_cycle_state": life_cycle, **({"result_state": result} if result else {})}}


@dataclass
class Case:
    """Runs to wait for at the same time, and how long earlier runs of their jobs took."""

    runs: list[Run]
    history: dict[str, list[float]] = field(default_factory=dict)

    def without_history(self) -> Case:
        return Case(self.runs, {run.job_id: [] for run in self.runs})


def make_case(seconds: float, spread: float, *, runs: int = 500, jobs: int = 500, failing: float = 0.05) -> Case:
    """Make runs that start within ten minutes and take `seconds`, more or less by the share `spread`.

    The share `failing` of them fails, at any moment before its usual end.
    """
    chance = random.Random(f"{seconds} {spread} {runs} {jobs}")  # noqa: S311 - the same case every time

    def usual() -> float:
        return seconds * chance.uniform(1 - spread, 1 + spread)

    made = []
    for number in range(runs):
        fails = chance.random() < failing
        took = usual() * (chance.random() if fails else 1)
        made.append(Run(str(number), str(number % jobs), chance.uniform(0, 600), max(took, 1.0), succeeds=not fails))
    return Case(made, {str(job): [usual() for _ in range(PAGE)] for job in range(jobs)})


def ours(case: Case) -> Result:
    """Wait with the product's schedule: the same code as in an operation, on a simulated clock."""
    workspace = CountingWorkspace(case.runs, case.history)
    watches: Watches[Any] = Watches()
    delays: list[float] = []

    def tell(told: Told[Any]) -> None:
        if told.error is not None:
            raise told.error
        if told.look is not None and told.look.end is not None:
            delays.append(workspace.now - workspace.runs[told.run_id].end)

    coming = sorted(case.runs, key=lambda run: run.start, reverse=True)
    while coming or watches:
        due = watches.next_due()
        if coming and (due is None or coming[-1].start <= due):
            run = coming.pop()
            subject = JobRuns(cast("Any", workspace), run.job_id)
            watch = Watch(run.run_id, "", Pace(), tell, run.start, run.start + DAY, run.start)
            watches.add(run.job_id, subject, watch)
            continue
        workspace.now = cast("float", due)
        taken = watches.take(workspace.now)
        if taken is not None:
            answers = taken.group.subject.look(taken.due, taken.waited_for)
            watches.settle(
                taken, answers, workspace.now, taken.group.subject.durations() if taken.needs_history else None
            )
    return Result(workspace.calls, tuple(delays))


def alone(case: Case, pauses: Callable[[], Iterator[float]]) -> Result:
    """Wait for each run by itself: a look at once, then one after each of these pauses."""
    calls, delays = 0, []
    for run in case.runs:
        age, going = 0.0, pauses()
        calls += 1
        while age < run.seconds:
            age += next(going)
            calls += 1
        delays.append(age - run.seconds)
    return Result(calls, tuple(delays))


def every_10_seconds() -> Iterator[float]:
    """The pauses of a client that looks every 10 s."""
    while True:
        yield 10.0


def up_to_120_seconds() -> Iterator[float]:
    """The pauses of 30, 60 and then always 120 s."""
    yield from (30.0, 60.0)
    while True:
        yield 120.0
