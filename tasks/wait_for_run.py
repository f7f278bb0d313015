"""Step 3: wait for a run to end, however long the network or the workspace is away in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from prefect import task

from operations.journal import Event
from operations.operation import Operation
from tasks.retry_policies import WAIT
from tasks.toolbox import journal_of
from workspace.models import RunHandle, RunOutcome
from workspace.sdk import connect
from workspace.services import jobs, pipelines
from workspace.services.polling import Pace
from workspace.settings import settings


@task(task_run_name="wait for {handle.resource} #{handle.iteration}", **WAIT)
def wait_for_run(work: Operation, handle: RunHandle) -> RunOutcome:
    """Wait for a job run or pipeline update and return how it ended.

    Raises:
        RunTimeoutError: it has not ended within the time limit; it goes on in the workspace.
    """
    client = connect(work.profile)
    timeout = timedelta(minutes=work.limits.run_timeout_minutes)
    pace = Pace.from_settings(settings())
    wait = jobs.wait_for_run if handle.kind == "job" else pipelines.wait_for_update
    outcome = wait(client, handle, timeout, pace=pace)
    if not outcome.seconds:
        # An update does not tell its end; from its start to this moment is as near as one gets.
        outcome = outcome.model_copy(update={"seconds": _seconds_since_start(work, handle)})
    if not _is_known(work, outcome):
        journal_of(work).append(Event.RUN_ENDED, handle.resource, handle.iteration, outcome=outcome)
    return outcome


def _is_known(work: Operation, outcome: RunOutcome) -> bool:
    """Tell whether this end is in the journal already: the same run may be waited for again, and then it has ended."""
    ends = (event.data["outcome"] for event in journal_of(work).events() if event.event == Event.RUN_ENDED)
    same = (RunOutcome.model_validate(end) for end in ends)
    return any((one.handle.run_id, one.result) == (outcome.handle.run_id, outcome.result) for one in same)


def _seconds_since_start(work: Operation, handle: RunHandle) -> float:
    started = [
        event.at
        for event in journal_of(work).events()
        if event.event == Event.RUN_STARTED and event.data["handle"]["run_id"] == handle.run_id
    ]
    return round((datetime.now(UTC) - started[0]).total_seconds(), 1) if started else 0.0
