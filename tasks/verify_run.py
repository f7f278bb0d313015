"""Step 4a: a run that ended well must also have done its work: every task, what each says of itself, and its tables."""

from __future__ import annotations

from collections.abc import Iterator

from prefect import task

from diagnostics.expectations import declared_expectations
from operations.exit_json import PARTIAL_SUCCESS_SHARE, read_exit_value
from operations.journal import Event
from operations.operation import Operation
from tasks.question_events import settle_questions
from tasks.retry_policies import READ
from tasks.toolbox import journal_of, snapshot_of
from tasks.verify_tables import check_written_tables
from workspace.check_models import Check, Fault
from workspace.models import ExpectationFigures, Model, RunHandle, RunOutcome, RunResult, TaskOutput
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
    check: Check = Check()
    """What was looked at besides the run itself: tables, expectations."""


@task(task_run_name="verify {outcome.handle.resource} #{outcome.handle.iteration}", **READ)
def verify_run(work: Operation, outcome: RunOutcome) -> Verdict:
    """Check the run's result, its tasks and their exit JSON or the update's expectations, and the tables it writes."""
    handle = outcome.handle
    judged = _judge_update(work, outcome) if handle.kind == "pipeline" else _judge_run(work, outcome)
    if judged.verified:
        judged = _with_tables(work, handle.resource, judged)
    if judged.verified:
        detail = list(judged.check.details)
        journal_of(work).append(Event.RUN_VERIFIED, handle.resource, handle.iteration, detail=detail)
        settle_questions(work, handle.resource, "it is verified")
    note_findings(work, handle.resource, judged.check)
    return judged


def note_findings(work: Operation, key: str, check: Check) -> None:
    """Write down what a person should know of something that was checked."""
    for finding in check.findings:
        journal_of(work).append(Event.NOTE, key, text=f"{key}: {finding}")


def judge(outcome: RunOutcome, outputs: tuple[TaskOutput, ...], share: float = PARTIAL_SUCCESS_SHARE) -> Verdict:
    """Judge a job run by its result, its tasks and their exit values; what speaks against it first is the reason.

    Args:
        outcome: how it ended.
        outputs: what its tasks left behind, those of child runs and iterations too.
        share: share of a notebook's items that must succeed.
    """
    if not outcome.succeeded:
        return Verdict(verified=False, reason=outcome.message or outcome.result.value, outputs=outputs)
    results = [(one.task_key, one.result) for one in outcome.tasks]
    results += [(one.task_key, one.result) for one in outputs if one.result is not None]
    for key, result in results:
        if result not in _NO_FAULT:
            return Verdict(verified=False, reason=f"task {key}: {result.value}", outputs=outputs)
    unread, findings = "", []
    for output in outputs:
        if output.unavailable or (output.truncated and output.exit_value):
            why = output.unavailable or "its exit value was cut, so it cannot tell whether the task did its work"
            unread = unread or f"task {output.task_key}: {why}"
            continue
        report = read_exit_value(output.exit_value, share)
        if not report.passed:
            return Verdict(verified=False, reason=f"task {output.task_key}: {report.reason}", outputs=outputs)
        if report.reason:
            named = f" ({', '.join(report.failed_items)})" if report.failed_items else ""
            findings.append(f"task {output.task_key} passes with failures: {report.reason}{named}")
    details = tuple(f"{output.task_key}: {output.exit_value}" for output in outputs if output.exit_value)
    check = Check(details=details, findings=tuple(findings))
    return Verdict(verified=not unread, reason=unread, unknown=bool(unread), outputs=outputs, check=check)


def _judge_run(work: Operation, outcome: RunOutcome) -> Verdict:
    outputs = jobs.task_outputs(connect(work.profile), outcome)
    return judge(outcome, outputs, work.limits.partial_success_share)


def _judge_update(work: Operation, outcome: RunOutcome) -> Verdict:
    if not outcome.succeeded:
        return Verdict(verified=False, reason=outcome.result.value)
    client, handle = connect(work.profile), outcome.handle
    figures = pipelines.expectation_figures(client, handle)
    details = tuple(figure_lines(figures))
    if figures:
        return Verdict(verified=True, check=Check(details=details))
    silent = _silent_expectations(work, handle, pipelines.written_rows(client, handle))
    if silent.faults:
        return Verdict(verified=False, reason=silent.faults[0].text, check=silent)
    return Verdict(verified=True, check=silent)


def figure_lines(figures: tuple[ExpectationFigures, ...]) -> Iterator[str]:
    """Yield a line for each expectation; one that rows failed says so."""
    for one in figures:
        yield f"{one.dataset}.{one.name}: {one.passed_records} passed, {one.failed_records} failed"


def _silent_expectations(work: Operation, handle: RunHandle, rows: int) -> Check:
    """Judge an update that counted no expectation.

    Where its source declares some and rows were written they did not apply, as when a loader of rules fails in silence.
    """
    snapshot = snapshot_of(work)
    present = [one for one in snapshot.resolved.resources if one.key == handle.resource]
    declared = declared_expectations(present[0], snapshot) if present else frozenset()
    if not declared:
        return Check()
    named = ", ".join(sorted(declared - {"*"})) or "loaded when it runs"
    if rows:
        text = (
            f"{rows} rows were written and no expectation was counted, though the source declares some ({named}): look "
            "whether the rules are loaded, an empty set of rules checks nothing."
        )
        return Check(faults=(Fault(about=handle.resource, text=text),))
    return Check(findings=(f"no expectation was counted ({named}): the update wrote no rows",))


def _with_tables(work: Operation, key: str, judged: Verdict) -> Verdict:
    check = judged.check + check_written_tables(work, key, snapshot_of(work))
    if not check.faults:
        return judged.model_copy(update={"check": check})
    return judged.model_copy(update={"verified": False, "reason": check.faults[0].text, "check": check})
