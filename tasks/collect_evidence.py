"""Step 4b: collect everything about a failed run: each failed task's latest attempt, or the errors of the update."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from prefect import task

from diagnostics.lineage import table_use
from diagnostics.models import BundleSnapshot
from operations.exit_json import PARTIAL_SUCCESS_SHARE, read_exit_value
from operations.journal import Event
from operations.operation import Operation
from tasks.retry_policies import READ
from tasks.toolbox import journal_of, layer_of, snapshot_of
from tasks.verify_run import Verdict
from workspace.errors import WorkspaceRequestError
from workspace.models import Evidence, Failure, Resource, RunOutcome, RunResult, Surface, TableShape, TaskOutput
from workspace.sdk import connect
from workspace.services import pipelines
from workspace.services.tables import table_shape
from workspace.source_location import locate

EFFECTS = {RunResult.UPSTREAM_FAILED, RunResult.EXCLUDED, RunResult.SKIPPED, RunResult.SUCCESS}
"""Results that are no cause: the task did well, or never ran because of another one."""

MAX_TABLES = 20
LOG_TAIL = 4000
_STEP = re.compile(r"\[Step \d+/\d+\][^\n]*")
_SOURCE_LINE = re.compile(r"^[ \t]*(?:-+>)?[ \t]*\d+ .*$", re.MULTILINE)
"""A numbered line of source that a trace quotes: a step named there was not necessarily reached."""


@task(task_run_name="collect evidence of {outcome.handle.resource} #{outcome.handle.iteration}", **READ)
def collect_evidence(work: Operation, outcome: RunOutcome, verdict: Verdict) -> Evidence:
    """Collect errors, traces, exit JSON, last steps, source lines and the shapes of the tables that are read."""
    snapshot = snapshot_of(work)
    handle = outcome.handle
    resource = snapshot.resolved.resource(handle.resource)
    if handle.kind == "pipeline":
        failures = pipelines.update_errors(connect(work.profile), handle)
        surface = Surface.PIPELINE
    else:
        failures = failed_tasks(outcome, verdict, work.limits.partial_success_share)
        surface = Surface.JOB
    failures = (*failures, *(Failure(surface=surface, error=one.text, url=handle.url) for one in verdict.check.faults))
    failures = failures or (whole_run(outcome, verdict, surface),)
    evidence = Evidence(
        operation=work.id,
        target=work.target,
        resource=handle.resource,
        resource_name=resource.name,
        surface=surface,
        layer=layer_of(work, handle.resource),
        iteration=handle.iteration,
        run_id=handle.run_id,
        url=handle.url,
        failures=tuple(_located(one, snapshot) for one in failures),
        tables=read_tables(work, snapshot, resource),
        unproven=verdict.unknown,
    )
    journal_of(work).append(Event.EVIDENCE_COLLECTED, handle.resource, handle.iteration, evidence=evidence)
    return evidence


def failed_tasks(outcome: RunOutcome, verdict: Verdict, share: float = PARTIAL_SUCCESS_SHARE) -> tuple[Failure, ...]:
    """Return one failure for each task that failed, timed out, was canceled, or failed by its own exit JSON."""
    messages = {one.run_id: one.message for one in outcome.tasks}
    failures = []
    for output in verdict.outputs:
        report = read_exit_value(output.exit_value, share)
        if output.result not in EFFECTS:
            failures.append(_failure(output, messages.get(output.run_id, "")))
        elif not report.passed:
            failures.append(_failure(output, report.reason).model_copy(update={"exit_json": report.document}))
    return tuple(failures)


def read_tables(work: Operation, snapshot: BundleSnapshot, resource: Resource) -> tuple[TableShape, ...]:
    """Return the shapes of the tables that a resource reads, as far as their names are known and they exist."""
    reads = sorted(table_use(resource, snapshot).reads)
    names = [name for name in reads if re.fullmatch(r"\w+\.\w+\.\w+", name)]
    shapes: list[TableShape] = []
    for name in names[:MAX_TABLES]:
        try:
            shape = table_shape(connect(work.profile), name)
        except WorkspaceRequestError as error:
            # The fault itself may be a missing right: the diagnosis goes on without this shape, and says so.
            journal_of(work).append(Event.NOTE, resource.key, text=f"The columns of {name} could not be read: {error}")
            continue
        if shape is not None:
            shapes.append(shape)
    return tuple(shapes)


def _failure(output: TaskOutput, message: str) -> Failure:
    return Failure(
        surface=Surface.JOB,
        error=output.error or message or str(output.result or ""),
        trace=output.error_trace,
        task_key=output.task_key,
        task_run_id=output.run_id,
        exit_json=read_exit_value(output.exit_value).document,
        last_step=last_step(output),
        logs=output.logs[-LOG_TAIL:],
        url=output.url,
        incomplete=output.unavailable or ("the output was cut, the run page has it all" if output.truncated else ""),
    )


def last_step(output: TaskOutput) -> str | None:
    """Return the last `[Step N/M] text` that a task tells of, None if it tells of none.

    The workspace keeps what a task printed for Python and JAR tasks only; a notebook tells of a step in its exit JSON,
    its error or its trace, or not at all.
    """
    told = (
        output.logs,
        "\n".join(_texts(read_exit_value(output.exit_value).document)),
        output.error,
        _SOURCE_LINE.sub("", output.error_trace),
    )
    steps = next((found for found in map(_STEP.findall, told) if found), None)
    return steps[-1].rstrip() if steps else None


def _texts(value: Any) -> Iterator[str]:
    """Yield every text within a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)


def whole_run(outcome: RunOutcome, verdict: Verdict, surface: Surface) -> Failure:
    """Return the failure of a run of which no task or event tells more."""
    error = outcome.message or verdict.reason or outcome.result.value
    note = "no task or event tells more than the run itself"
    return Failure(surface=surface, error=error, url=outcome.handle.url, incomplete=note)


def _located(failure: Failure, snapshot: BundleSnapshot) -> Failure:
    paths: Collection[str] = snapshot.files.keys()
    location = failure.location or locate(failure.text, snapshot.resolved.file_root, paths)
    if location is None:
        return failure
    return failure.model_copy(
        update={"location": location, "source_excerpt": excerpt(snapshot.files.get(location.path, ""), location.line)}
    )


def excerpt(text: str, line: int | None) -> str:
    """Return the failing line of a source with two lines around it, numbered; nothing without a line."""
    if line is None:
        return ""
    lines = text.splitlines()
    first = max(line - 3, 0)
    marks = {number: ">" if number == line else " " for number in range(first + 1, line + 3)}
    shown = zip(marks, lines[first : line + 2], strict=False)
    return "\n".join(f"{marks[number]} {number:4} {content}" for number, content in shown)
