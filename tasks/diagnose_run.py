"""Diagnose a job run that no operation started: there is no bundle, only what the workspace tells."""

from __future__ import annotations

from prefect import task

from diagnostics.diagnose import diagnose
from diagnostics.models import Diagnosis
from knowledge.registry import load_registry
from tasks.collect_evidence import failed_tasks, whole_run
from tasks.retry_policies import LOCAL, READ
from tasks.verify_run import judge
from workspace.errors import UsageError
from workspace.models import Evidence, RunHandle, Surface
from workspace.sdk import connect
from workspace.services import jobs
from workspace.settings import settings


def diagnose_run(run_id: str) -> tuple[Diagnosis, ...]:
    """Read a run with its task outputs and diagnose it, in this process and without a flow run.

    Raises:
        UsageError: the run is still active, or did not fail.
        WorkspaceRequestError: the run cannot be read.
    """
    return diagnose_evidence.fn(read_failed_run.fn(run_id))


@task(task_run_name="read run {run_id}", **READ)
def read_failed_run(run_id: str) -> Evidence:
    """Read a run with its task outputs.

    Raises:
        UsageError: the run is still active, or did not fail.
        WorkspaceRequestError: the run cannot be read.
    """
    client = connect(settings().profile)
    handle = RunHandle(resource=f"run {run_id}", iteration=1, kind="job", parent_id="", run_id=run_id, url="")
    outcome = jobs.poll_run(client, handle)
    if outcome is None:
        raise UsageError(f"Run {run_id} is still active; there is nothing to diagnose before its end.")
    verdict = judge(outcome, jobs.task_outputs(client, outcome))
    if verdict.verified:
        raise UsageError(f"Run {run_id} succeeded, and no task says that it failed: there is nothing to diagnose.")
    failures = failed_tasks(outcome, verdict) or (whole_run(outcome, verdict, Surface.JOB),)
    return Evidence(operation="", target="", resource=None, surface=Surface.JOB, run_id=run_id, failures=failures)


@task(task_run_name="diagnose run {evidence.run_id}", **LOCAL)
def diagnose_evidence(evidence: Evidence) -> tuple[Diagnosis, ...]:
    """Match the evidence with the error patterns."""
    return diagnose(evidence, None, load_registry())
