"""Watch a job run or a pipeline update that nobody here started: wait for its end, then judge it by what it did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from prefect import task

from tasks.retry_policies import READ, WAIT
from tasks.verify_run import judge
from workspace.errors import UsageError
from workspace.models import ExpectationFigures, Failure, Model, RunHandle, RunOutcome, RunResult, TaskOutput
from workspace.sdk import connect
from workspace.services import jobs, pipelines
from workspace.services.waiting import Patience, ignore, pace_of, wait_for_run
from workspace.settings import settings

_RAN = {
    RunResult.SUCCESS,
    RunResult.FAILED,
    RunResult.TIMED_OUT,
    RunResult.CANCELED,
    RunResult.INTERNAL_ERROR,
    RunResult.UPSTREAM_FAILED,
}
"""Results that count for the share of success: a task that was left out on purpose neither succeeded nor failed."""


class WatchedRun(Model):
    """How a watched run ended."""

    outcome: RunOutcome
    verified: bool
    reason: str = ""
    """What speaks against it; empty when it is verified."""
    outputs: tuple[TaskOutput, ...] = ()
    """Of each task that ran; none for an update."""
    failures: tuple[Failure, ...] = ()
    """Errors of an update's events; none for a job run."""
    figures: tuple[ExpectationFigures, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """How many tasks ended with each result."""
        return dict(Counter(one.result.value for one in self.outcome.tasks))

    @property
    def share_of_success(self) -> float | None:
        """Share of the tasks that succeeded, 0 to 1, of those that were meant to run; None where there are none."""
        ran = [one for one in self.outcome.tasks if one.result in _RAN]
        return sum(one.result is RunResult.SUCCESS for one in ran) / len(ran) if ran else None


def run_to_watch(run_id: str | None, pipeline_id: str | None) -> RunHandle:
    """Return the job run with this id, or the newest update of the pipeline.

    Raises:
        UsageError: neither or both were named, the id is none, or the pipeline was never started.
        WorkspaceRequestError: there is no such run or pipeline, or it may not be read.
    """
    if (run_id is None) == (pipeline_id is None):
        raise UsageError("Name either a job run by its id, or a pipeline with --pipeline.")
    client = connect(settings().profile)
    if run_id is not None:
        if not (run_id.isdecimal() and run_id.isascii() and len(run_id) <= 20):
            raise UsageError(f"{run_id!r} is no run id: ids are digits, as in the run page's address .../runs/123.")
        return jobs.known_run(client, run_id)
    handle = pipelines.newest_run(client, str(pipeline_id))
    if handle is None:
        raise UsageError(f"Pipeline {pipeline_id} was never started: there is no update to watch.")
    return handle


@task(task_run_name="find run {run_id}{pipeline_id}", **READ)
def find_run(run_id: str | None, pipeline_id: str | None) -> RunHandle:
    """Find the run as a task: `run_to_watch` with retries."""
    return run_to_watch(run_id, pipeline_id)


@task(task_run_name="watch {handle.resource}", **WAIT)
def wait_for_end(
    handle: RunHandle, timeout_minutes: float, on_change: Callable[[str], None] | None = None
) -> RunOutcome:
    """Wait for the end; faults of network and workspace that pass are survived and told through `on_change`.

    Raises:
        RunTimeoutError: no end within the time limit; the run goes on.
    """
    patience = Patience(timeout=timedelta(minutes=timeout_minutes), pace=pace_of(settings()))
    tell = on_change
    hear = (lambda look: tell(look.state)) if tell else ignore
    return wait_for_run(connect(settings().profile), handle, patience, hear)


@task(task_run_name="judge {outcome.handle.resource}", **READ)
def judge_watched(outcome: RunOutcome) -> WatchedRun:
    """Read what the run left behind and judge it: each task and its exit JSON, or the update's events and figures."""
    client, handle = connect(settings().profile), outcome.handle
    if handle.kind == "pipeline":
        if outcome.succeeded:
            return WatchedRun(outcome=outcome, verified=True, figures=pipelines.expectation_figures(client, handle))
        failures = pipelines.update_errors(client, handle)
        return WatchedRun(outcome=outcome, verified=False, reason=outcome.result.value, failures=failures)
    verdict = judge(outcome, jobs.task_outputs(client, outcome), settings().partial_success_share)
    return WatchedRun(outcome=outcome, verified=verdict.verified, reason=verdict.reason, outputs=verdict.outputs)
