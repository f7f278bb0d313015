"""Step 3: wait for a run to end, however long the network or the workspace is away in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from prefect import task

from operations.journal import Event
from operations.operation import Operation
from tasks.retry_policies import WAIT
from tasks.toolbox import journal_of, records_of
from workspace.models import Resource, RunHandle, RunOutcome
from workspace.sdk import connect
from workspace.services import waiting
from workspace.services.pacing import Pace
from workspace.services.polling import Look
from workspace.services.waiting import Patience
from workspace.settings import Settings, settings


@task(task_run_name="wait for {handle.resource} #{handle.iteration}", **WAIT)
def wait_for_run(work: Operation, handle: RunHandle) -> RunOutcome:
    """Wait for a job run or pipeline update and return how it ended.

    A task that failed for good is noted while others go on. A job run that can only fail, and of which nothing can
    start any more, is cancelled when the workspace does not end it within a minute.

    Raises:
        RunTimeoutError: it has not ended within the time limit; it goes on in the workspace.
    """
    patience = Patience(
        timeout=timedelta(minutes=work.limits.run_timeout_minutes),
        pace=_pace(work, handle),
        age=_seconds_since_start(work, handle),
        cancel_settled=True,
    )
    outcome = waiting.wait_for_run(connect(work.profile), handle, patience, _FailureNotes(work, handle).hear)
    if not outcome.seconds:
        # An update does not tell its end; from its start to this moment is as near as one gets.
        outcome = outcome.model_copy(update={"seconds": _seconds_since_start(work, handle) or 0.0})
    if not _is_known(work, outcome):
        journal_of(work).append(Event.RUN_ENDED, handle.resource, handle.iteration, outcome=outcome)
    return outcome


def _pace(work: Operation, handle: RunHandle) -> Pace:
    """Return the pace for a run; its resource may have left the bundle since it was started."""
    found = [one for one in records_of(work).bundle().resources if one.key == handle.resource]
    return pace_for(found[0], settings()) if found else waiting.pace_of(settings())


def pace_for(resource: Resource, current: Settings) -> Pace:
    """Return how often runs of a resource are looked at: those of training jobs less often.

    A training job is one that the setting `training_jobs` names, or whose tag `job_type` has the word `training`.
    """
    pace = waiting.pace_of(current)
    named = any(fnmatchcase(resource.key, pattern) for pattern in current.training_jobs)
    tagged = "training" in str(resource.tags.get("job_type") or "").lower()
    return pace.for_training if resource.type == "jobs" and (named or tagged) else pace


class _FailureNotes:
    """Notes each task that failed for good while its run goes on, once."""

    def __init__(self, work: Operation, handle: RunHandle) -> None:
        self._work, self._handle = work, handle
        self._noted: set[str] = set()

    def hear(self, look: Look[Any]) -> None:
        """Take in a change of the run's state."""
        new = sorted(set(look.failed) - self._noted)
        if new and look.end is None:
            self._noted |= set(new)
            text = f"{', '.join(new)} failed; the run goes on: {look.state}. It is diagnosed when it has ended."
            journal_of(self._work).append(Event.NOTE, self._handle.resource, self._handle.iteration, text=text)


def _is_known(work: Operation, outcome: RunOutcome) -> bool:
    """Tell whether this end is in the journal already: the same run may be waited for again, and then it has ended."""
    ends = (event.data["outcome"] for event in journal_of(work).events() if event.event == Event.RUN_ENDED)
    same = (RunOutcome.model_validate(end) for end in ends)
    return any((one.handle.run_id, one.result) == (outcome.handle.run_id, outcome.result) for one in same)


def _seconds_since_start(work: Operation, handle: RunHandle) -> float | None:
    """Return how long ago this operation started the run, by its journal; None for one that is not in it."""
    started = [
        event.at
        for event in journal_of(work).events()
        if event.event == Event.RUN_STARTED and event.data["handle"]["run_id"] == handle.run_id
    ]
    return round((datetime.now(UTC) - started[0]).total_seconds(), 1) if started else None
