"""Step 4a: a run that ended well must also have done its work: every task, and what each notebook says of itself."""

from __future__ import annotations

from prefect import task

from operations.exit_json import read_exit_value
from operations.journal import Event
from operations.operation import Operation
from tasks.question_events import settle_questions
from tasks.retry_policies import READ
from tasks.toolbox import journal_of
from workspace.models import Model, RunOutcome, RunResult, TaskOutput
from workspace.sdk import connect
from workspace.services import jobs, pipelines

_NO_FAULT = {RunResult.SUCCESS, RunResult.EXCLUDED, RunResult.SKIPPED}


class Verdict(Model):
    """Whether a run is verified, and what was read to tell."""

    verified: bool
    reason: str = ""
    unknown: bool = False
    """The run succeeded and nothing speaks against it but that a task's own word could not be read whole. Running it
    again could do its work twice."""
    outputs: tuple[TaskOutput, ...] = ()


@task(task_run_name="verify {outcome.handle.resource} #{outcome.handle.iteration}", **READ)
def verify_run(work: Operation, outcome: RunOutcome) -> Verdict:
    """Check the run's result, each task's result and exit JSON, or the expectation figures of an update."""
    client = connect(work.profile)
    handle = outcome.handle
    if handle.kind == "pipeline":
        figures = pipelines.expectation_figures(client, handle) if outcome.succeeded else ()
        detail = [
            f"{one.dataset}.{one.name}: {one.passed_records} passed, {one.failed_records} failed" for one in figures
        ]
        verdict = Verdict(verified=outcome.succeeded, reason="" if outcome.succeeded else outcome.result.value)
    else:
        verdict = judge(outcome, jobs.task_outputs(client, outcome))
        detail = [f"{output.task_key}: {output.exit_value}" for output in verdict.outputs if output.exit_value]
    if verdict.verified:
        journal_of(work).append(Event.RUN_VERIFIED, handle.resource, handle.iteration, detail=detail)
        settle_questions(work, handle.resource, "it is verified")
    return verdict


def judge(outcome: RunOutcome, outputs: tuple[TaskOutput, ...]) -> Verdict:
    """Judge a job run by its result, its tasks and their exit values; what speaks against it first is the reason."""
    if not outcome.succeeded:
        return Verdict(verified=False, reason=outcome.message or outcome.result.value, outputs=outputs)
    for one in outcome.tasks:
        if one.result not in _NO_FAULT:
            return Verdict(verified=False, reason=f"task {one.task_key}: {one.result.value}", outputs=outputs)
    unread = ""
    for output in outputs:
        if output.unavailable or (output.truncated and output.exit_value):
            why = output.unavailable or "its exit value was cut, so it cannot tell whether the task did its work"
            unread = unread or f"task {output.task_key}: {why}"
            continue
        report = read_exit_value(output.exit_value)
        if not report.passed:
            return Verdict(verified=False, reason=f"task {output.task_key}: {report.reason}", outputs=outputs)
    return Verdict(verified=not unread, reason=unread, unknown=bool(unread), outputs=outputs)
