"""Jobs that start by themselves: those whose schedule is not paused."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.ledger import Ledger, RunRequest
from sandbox.runs import RunService
from sandbox.store import Query
from sandbox.ticker import Schedule

_SCHEDULED = Query(present=["$.settings.schedule.quartz_cron_expression"])


class JobSchedules:
    """What the ticker asks about jobs."""

    def __init__(self, ledger: Ledger, runs: RunService) -> None:
        self._ledger, self._runs = ledger, runs

    def schedules(self) -> Iterable[Schedule]:
        """The schedules that are in force now."""
        for job in self._ledger.jobs.matching(_SCHEDULED):
            schedule = job.settings["schedule"]
            if schedule.get("pause_status") != "PAUSED":
                yield Schedule(job.key, schedule["quartz_cron_expression"], schedule["timezone_id"])

    def run_scheduled(self, key: str) -> None:
        """Start a run of a job; one without tasks, or deleted in the meantime, has none."""
        job = self._ledger.jobs.find(key)
        if job is not None and job.settings.get("tasks"):
            self._runs.start(job, RunRequest(trigger="PERIODIC", user_name=job.run_as))
