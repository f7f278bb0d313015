"""Waits for job runs and pipeline updates through the poller that all waits of this process share."""

from __future__ import annotations

import contextlib
import functools
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from workspace.errors import OperatorError, WorkspaceRequestError
from workspace.models import RunHandle, RunOutcome, RunResult
from workspace.sdk import without_retries
from workspace.services import jobs, pipelines
from workspace.services.pacing import Pace
from workspace.services.poller import Awaited, poller_of
from workspace.services.polling import Look, passes
from workspace.services.prospects import prospects_of
from workspace.services.rest import get_json, get_pages
from workspace.services.run_history import History, durations_of, job_durations, update_durations
from workspace.services.run_states import ENDED, Json, life_cycle_state, progress_of, run_outcome
from workspace.services.watches import Told
from workspace.settings import Settings

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

OnChange = Callable[[Look[Json]], None]
LIST_PATH = "/api/2.2/jobs/runs/list"
PAGE = 25
"""Runs on one page of jobs/runs/list at most."""


def ignore(_look: Look[Json]) -> None:
    """Take no notice of a change."""


def pace_of(settings: Settings) -> Pace:
    """Return the pace of ordinary job runs."""
    return Pace(first=settings.poll_seconds_first, steady=settings.poll_seconds_max)


@dataclass(frozen=True)
class Patience:
    """How long to wait for a run, and how often to look."""

    timeout: timedelta
    pace: Pace = field(default_factory=Pace)
    age: float | None = None
    """Seconds since the run started; None where only the workspace knows."""
    cancel_settled: bool = False
    """Cancel a job run that can only fail and of which nothing can start any more, when it does not end by itself
    within a minute (workspace/services/prospects.py has the rule)."""


def wait_for_run(
    client: WorkspaceClient, handle: RunHandle, patience: Patience, on_change: OnChange = ignore
) -> RunOutcome:
    """Wait for the end of a job run or an update; passing faults of network and workspace are survived.

    `on_change` hears of every change of state, and of looks without an answer.

    Raises:
        RunTimeoutError: no end within the time limit; the run goes on.
        WorkspaceRequestError: the run can no longer be read (403, 404).
        AuthenticationError: the credentials are no longer accepted.
    """
    settled: list[str] = []

    def hear(told: Told[Json]) -> None:
        if told.look is None:
            return
        if told.overdue and patience.cancel_settled and not settled:
            # One that may not be canceled is waited for all the same, and tried again a minute later.
            with contextlib.suppress(WorkspaceRequestError):
                jobs.cancel_run(client, handle)
                settled.append(told.look.settled)
        on_change(told.look)

    ((_, end),) = poller_of(client).wait([_awaited(client, handle, patience)], hear)
    outcome = _outcome(handle, end)
    if settled and outcome.result is RunResult.CANCELED:
        return outcome.model_copy(update={"result": RunResult.FAILED, "message": settled[0]})
    return outcome


def wait_for_runs(client: WorkspaceClient, handles: Sequence[RunHandle], patience: Patience) -> Iterator[RunOutcome]:
    """Yield how many runs end, as they end; the errors are those of `wait_for_run`, and end the waiting for all."""
    known = {handle.run_id: handle for handle in handles}
    runs = [_awaited(client, handle, patience) for handle in handles]
    for run_id, end in poller_of(client).wait(runs):
        yield _outcome(known[run_id], end)


class JobRuns:
    """The runs of one job. The client tries each request once: what fails is looked at again anyway."""

    def __init__(self, client: WorkspaceClient, job_id: str) -> None:
        self._client = client
        self._job_id = job_id
        self._active = 0
        self._durations = _history(client).known(("job", job_id)) if job_id else ()

    def look(self, due: Sequence[str], waited_for: Sequence[str]) -> Mapping[str, Look[Json] | OperatorError]:
        """Read each run that is due, or list runs where that takes fewer requests.

        The first time the newest runs are listed, ended ones too: one request tells the state of the run and how long
        earlier ones took. A run that a list does not have is read by itself: only that tells whether it ended, and how.
        """
        several = len(due) > math.ceil(max(self._active, len(waited_for)) / PAGE)
        listed: Mapping[str, Json] = {}
        if self._durations is None or (several and self._job_id):
            try:
                listed = self._list_newest() if self._durations is None else self._list_active()
            except WorkspaceRequestError as error:
                if passes(error):
                    return dict.fromkeys(due, error)
                # The job is gone, or its runs may not be listed: what a single run says counts.
                self._durations = self._durations or ()
        if not listed:
            return self._read(due)
        found = {run_id: _look_at(listed[run_id]) for run_id in waited_for if run_id in listed}
        return found | self._read([run_id for run_id in waited_for if run_id not in listed])

    def durations(self) -> Sequence[float]:
        """Return how long earlier runs of the job took."""
        return self._durations or ()

    def _list_newest(self) -> dict[str, Json]:
        query = {"job_id": self._job_id, "expand_tasks": "true", "limit": PAGE}
        page = get_json(self._client, LIST_PATH, query, f"listing runs of job {self._job_id}")
        runs = page.get("runs") or []
        ended = [run for run in runs if life_cycle_state(run) in ENDED]
        # So many are active that no ended one is on the page: they are asked for by themselves.
        lacking = not ended and page.get("next_page_token")
        self._durations = job_durations(self._client, self._job_id) if lacking else durations_of(ended)
        _history(self._client).learn(("job", self._job_id), self._durations)
        return {str(run.get("run_id")): run for run in runs if not run.get("has_more")}

    def _list_active(self) -> dict[str, Json]:
        query = {"job_id": self._job_id, "active_only": "true", "expand_tasks": "true", "limit": PAGE}
        pages = get_pages(self._client, LIST_PATH, query, f"listing runs of job {self._job_id}")
        active = {str(run.get("run_id")): run for page in pages for run in page.get("runs") or []}
        self._active = len(active)
        return active

    def _read(self, run_ids: Sequence[str]) -> dict[str, Look[Json] | OperatorError]:
        """Read runs one by one; what keeps one from being read for now keeps the others from it too."""
        found: dict[str, Look[Json] | OperatorError] = {}
        for run_id in run_ids:
            try:
                found[run_id] = _look_at(jobs.read_run(self._client, run_id))
            except OperatorError as error:
                found[run_id] = error
                if passes(error):
                    return dict.fromkeys(run_ids, error) | found
        return found


class Updates:
    """The updates of one pipeline. The client tries each request once."""

    def __init__(self, client: WorkspaceClient, pipeline_id: str) -> None:
        self._client = client
        self._pipeline_id = pipeline_id

    def look(self, due: Sequence[str], waited_for: Sequence[str]) -> Mapping[str, Look[Json] | OperatorError]:
        """Read each update that is due; a pipeline has one active update at a time."""
        del waited_for
        found: dict[str, Look[Json] | OperatorError] = {}
        for update_id in due:
            try:
                found[update_id] = _look_at_update(pipelines.read_update(self._client, self._pipeline_id, update_id))
            except OperatorError as error:
                found[update_id] = error
        return found

    def durations(self) -> Sequence[float]:
        """Return how long earlier updates of the pipeline took."""
        key, history = ("pipeline", self._pipeline_id), _history(self._client)
        known = history.known(key)
        if known is None:
            known = update_durations(self._client, self._pipeline_id)
            history.learn(key, known)
        return known


@functools.lru_cache(maxsize=16)
def _history(client: WorkspaceClient) -> History:
    del client
    return History()


def _awaited(client: WorkspaceClient, handle: RunHandle, patience: Patience) -> Awaited[Json]:
    is_job = handle.kind == "job"
    kind = JobRuns if is_job else Updates
    return Awaited(
        run_id=handle.run_id,
        what=f"{'Run' if is_job else 'Update'} {handle.run_id} of {handle.resource}",
        key=(handle.kind, handle.parent_id),
        subject=kind(without_retries(client), handle.parent_id),
        pace=patience.pace if is_job else patience.pace.for_updates,
        timeout=patience.timeout,
        age=patience.age,
    )


def _look_at(run: Json) -> Look[Json]:
    state = life_cycle_state(run)
    prospects = prospects_of(run.get("tasks") or [])
    return Look(
        state=progress_of(run),
        end=run if state in ENDED else None,
        age=_age(run.get("start_time")),
        queued=state == "QUEUED",
        ending=prospects.ending,
        settled=prospects.settled,
        failed=prospects.failed,
    )


def _look_at_update(update: Json) -> Look[Json]:
    state = str(update.get("state") or "")
    age = _age(update.get("creation_time"))
    return Look(state=state, end=update if state in pipelines.RESULTS else None, age=age, queued=state == "QUEUED")


def _age(start_ms: object) -> float | None:
    """Return the age by this machine's clock; one that runs behind the workspace's makes nothing younger than 0."""
    return max(0.0, time.time() - int(start_ms) / 1000) if isinstance(start_ms, int) and start_ms else None


def _outcome(handle: RunHandle, end: Json) -> RunOutcome:
    outcome = (run_outcome if handle.kind == "job" else pipelines.update_outcome)(handle, end)
    if outcome is None:
        raise WorkspaceRequestError(f"Run {handle.run_id} of {handle.resource} was said to have ended and has not.")
    return outcome
