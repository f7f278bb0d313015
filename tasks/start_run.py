"""Step 2: start a run so that it is never started twice, whatever happens to this process."""

from __future__ import annotations

from prefect import task

from operations.ends import ResourceEnd
from operations.journal import Event
from operations.operation import Operation
from operations.prerequisites import missing_prerequisite
from operations.progress import progress
from operations.standing import ResourceProgress, ResourceStatus
from tasks.lock_target import require_lock
from tasks.question_events import settle_questions
from tasks.retry_policies import IDEMPOTENT_WRITE
from tasks.toolbox import journal_of, note_evidence, progress_of, records_of, require_not_stopped
from workspace.errors import StateError, WorkspaceRequestError
from workspace.models import Evidence, Failure, Resource, RunHandle, Surface
from workspace.sdk import connect
from workspace.services import jobs, pipelines


@task(task_run_name="run {key}", **IDEMPOTENT_WRITE)
def start_run(work: Operation, key: str) -> RunHandle | Evidence:
    """Start the next iteration of a resource, or take up the run of this operation that is not settled yet.

    A job run carries an idempotency token. An update has none: its intent is journalled first, and after a crash the
    update that was started since then is adopted.

    Returns:
        The run, or the evidence of why the workspace refuses to start one (a missing right, a job that is gone).

    Raises:
        WorkspaceRequestError: a fault that may pass.
    """
    seen = progress_of(work, key)
    handle = unsettled_run(seen) or _unseen_refusal(seen)
    if handle is not None:
        return handle
    resource = records_of(work).bundle().resource(key)
    lacking = missing_prerequisite(journal_of(work).events(), key)
    if lacking is not None:
        return _refused(work, resource, f"prerequisite missing: {lacking.text}")
    if not resource.id:
        raise StateError(f"{key} has no id: it was not deployed to {work.target}. Resume the operation to deploy it.")
    require_lock(work)
    require_not_stopped(work)
    start = _start_update if resource.type == "pipelines" else _start_job
    try:
        return start(work, resource, resource.id, seen)
    except WorkspaceRequestError as error:
        if error.transient:
            raise
        return _refused(work, resource, str(error))


def settled_end(work: Operation, key: str) -> ResourceEnd | None:
    """Return the end of a resource that needs no run any more: it is verified, or a person said to skip it."""
    if key not in {resource.key for resource in records_of(work).bundle().resources}:
        journal_of(work).append(Event.RESOURCE_SKIPPED, key, reason="it is no longer in the bundle")
        settle_questions(work, key, "it is no longer in the bundle")
        return ResourceEnd(key=key, verified=False, skipped=True)
    status = progress_of(work, key).status
    if status in {ResourceStatus.VERIFIED, ResourceStatus.SKIPPED}:
        verified = status is ResourceStatus.VERIFIED
        return ResourceEnd(key=key, verified=verified, skipped=not verified)
    return None


def may_run(work: Operation) -> bool:
    """Tell whether a run may start: the working copy is deployed, or its deploy waits for a person.

    In the second case the siblings of a layer run on what was deployed before, and all is asked at once afterwards.
    """
    now = progress(journal_of(work).events())
    return now.deployed or now.deploy_held


def attempts_left(work: Operation, key: str) -> int:
    """Return how many more iterations of a resource are allowed before a person is asked."""
    return work.limits.max_iterations - progress_of(work, key).iterations_used


def unsettled_run(seen: ResourceProgress) -> RunHandle | None:
    """Return the run that is still going on, or that failed and was neither fixed nor answered for."""
    if seen.open_run:
        return seen.open_run.handle
    if seen.status is ResourceStatus.PENDING or not seen.attempts:
        return None
    last = seen.attempts[-1]
    return None if last.applied or last.verified else last.handle


def _unseen_refusal(seen: ResourceProgress) -> Evidence | None:
    """Return why the last start was refused if nobody has looked at that yet: it was tried early, or before a crash."""
    last = seen.attempts[-1] if seen.attempts else None
    if last is None or last.handle or last.diagnoses or seen.status is not ResourceStatus.FAILED:
        return None
    return last.evidence


def _start_job(work: Operation, resource: Resource, job_id: str, seen: ResourceProgress) -> RunHandle:
    iteration = seen.iteration_at_hand
    token = jobs.idempotency_token(work.id, resource.key, iteration)
    if not seen.open_run:
        journal_of(work).append(Event.RUN_INTENDED, resource.key, iteration, idempotency_token=token)
    handle = jobs.start_run(connect(work.profile), job_id, token, resource=resource.key, iteration=iteration)
    journal_of(work).append(Event.RUN_STARTED, resource.key, iteration, handle=handle, adopted=bool(seen.open_run))
    return handle


def _start_update(work: Operation, resource: Resource, pipeline_id: str, seen: ResourceProgress) -> RunHandle:
    client, key = connect(work.profile), resource.key
    handle = None
    if seen.open_run:
        iteration, newest = seen.open_run.iteration, seen.open_run.newest_update or ""
        handle = pipelines.find_update_after(client, pipeline_id, newest, resource=key, iteration=iteration)
    else:
        iteration = seen.iterations + 1
        newest = pipelines.newest_update(client, pipeline_id)
        journal_of(work).append(Event.RUN_INTENDED, key, iteration, newest_update=newest)
    adopted = handle is not None
    handle = handle or pipelines.start_update(client, pipeline_id, resource=key, iteration=iteration)
    journal_of(work).append(Event.RUN_STARTED, key, iteration, handle=handle, adopted=adopted)
    return handle


def _refused(work: Operation, resource: Resource, error: str) -> Evidence:
    """Write down why a run was not started, as the failure of this iteration."""
    seen = progress_of(work, resource.key)
    iteration = seen.iteration_at_hand
    if not seen.open_run:
        journal_of(work).append(Event.RUN_INTENDED, resource.key, iteration)
    surface = Surface.PIPELINE if resource.type == "pipelines" else Surface.JOB
    failure = Failure(surface=surface, error=error, url=resource.url or "")
    return note_evidence(work, resource, surface, iteration, (failure,))
