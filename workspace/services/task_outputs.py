"""What the tasks of a run left behind. Only task runs have an output, so a run_job_task is followed into its run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from workspace.errors import WorkspaceRequestError
from workspace.models import RunOutcome, RunResult, TaskOutcome, TaskOutput
from workspace.redaction import redact
from workspace.services.rest import get_json, get_pages
from workspace.services.run_states import task_outcomes

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

RUN_PATH = "/api/2.2/jobs/runs/get"
OUTPUT_PATH = "/api/2.2/jobs/runs/get-output"
MAX_DEPTH = 6
MAX_TEXT = 500_000
MAX_ITERATIONS = 200
"""Iterations of one loop that are read, failed ones first."""
_WITHOUT_OUTPUT = {RunResult.SKIPPED, RunResult.EXCLUDED, RunResult.UPSTREAM_FAILED}


def task_outputs(client: WorkspaceClient, outcome: RunOutcome) -> tuple[TaskOutput, ...]:
    """Return the output of each task that ran, latest attempt; what the workspace does not give out says why.

    Tasks of a run that a run_job_task started have keys such as `parent/child`, iterations of a for_each_task such as
    `loop/inner#1`.

    Raises:
        WorkspaceRequestError: a fault that may pass keeps the output of a task that did well from being read.
        AuthenticationError: the credentials are no longer accepted.
    """
    return outputs_of_tasks(client, outcome.tasks, outcome.handle.run_id)


def outputs_of_tasks(client: WorkspaceClient, tasks: tuple[TaskOutcome, ...], run_id: str) -> tuple[TaskOutput, ...]:
    """Return the outputs of these tasks of a run; the errors are those of `task_outputs`."""
    return tuple(_outputs(client, tasks, prefix="", seen={run_id}))


def _outputs(
    client: WorkspaceClient, tasks: tuple[TaskOutcome, ...], prefix: str, seen: set[str]
) -> Iterator[TaskOutput]:
    for task in tasks:
        if task.result in _WITHOUT_OUTPUT:
            continue
        key = f"{prefix}{task.task_key}"
        if task.is_loop:
            yield from _iteration_outputs(client, task, key, seen)
            continue
        answer, unavailable = _read(client, task)
        child = task.child_run_id or str((answer.get("run_job_output") or {}).get("run_id") or "")
        if child:
            yield from _child_outputs(client, task, key, child, seen)
        else:
            yield _output(key, task, answer, unavailable)


def _iteration_outputs(client: WorkspaceClient, task: TaskOutcome, key: str, seen: set[str]) -> Iterator[TaskOutput]:
    """Read what the iterations of a for_each_task left behind: `loop/inner#1`, counted from 1 as they are listed."""
    try:
        pages = list(get_pages(client, RUN_PATH, {"run_id": task.run_id}, f"reading the iterations of {key}"))
    except WorkspaceRequestError as error:
        yield _output(key, task, {}, _why(error, task))
        return
    listed = [one for page in pages for one in page.get("iterations") or []]
    if not listed:
        yield _output(key, task, *_read(client, task))
        return
    outcomes = [
        outcome.model_copy(update={"task_key": f"{outcome.task_key}#{number}"})
        for number, one in enumerate(listed, start=1)
        for outcome in task_outcomes([one])
    ]
    outcomes.sort(key=lambda one: one.result is RunResult.SUCCESS)
    yield from _outputs(client, tuple(outcomes[:MAX_ITERATIONS]), f"{key}/", seen)


def _child_outputs(
    client: WorkspaceClient, task: TaskOutcome, key: str, child: str, seen: set[str]
) -> Iterator[TaskOutput]:
    if child in seen or key.count("/") >= MAX_DEPTH:
        yield _output(key, task, {}, f"run {child} was not followed: jobs start each other")
        return
    seen.add(child)
    try:
        pages = list(get_pages(client, RUN_PATH, {"run_id": child}, f"reading run {child}"))
    except WorkspaceRequestError as error:
        yield _output(key, task, {}, _why(error, task))
        return
    tasks = task_outcomes(one for page in pages for one in page.get("tasks") or [])
    if tasks:
        yield from _outputs(client, tasks, f"{key}/", seen)
    else:
        yield _output(key, task, {}, f"run {child} has no tasks")


def _read(client: WorkspaceClient, task: TaskOutcome) -> tuple[dict[str, Any], str]:
    doing = f"reading the output of task run {task.run_id}"
    try:
        return get_json(client, OUTPUT_PATH, {"run_id": task.run_id}, doing), ""
    except WorkspaceRequestError as error:
        return {}, _why(error, task)


def _why(error: WorkspaceRequestError, task: TaskOutcome) -> str:
    """Say why an output is missing. A passing fault must not make a run that did well look like a failed one."""
    if error.transient and task.result is RunResult.SUCCESS:
        raise error
    return str(error)


def _output(key: str, task: TaskOutcome, answer: dict[str, Any], unavailable: str) -> TaskOutput:
    exit_value, cut = _exit_value(answer)
    return TaskOutput(
        task_key=key,
        run_id=task.run_id,
        result=task.result,
        url=task.url,
        exit_value=exit_value,
        truncated=bool(cut or answer.get("logs_truncated")),
        error=_text(answer.get("error")),
        error_trace=_text(answer.get("error_trace")),
        logs=_text(answer.get("logs")),
        unavailable=unavailable,
    )


def _exit_value(answer: dict[str, Any]) -> tuple[str | None, bool]:
    notebook = answer.get("notebook_output") or {}
    result = notebook.get("result")
    return (None if result is None else _text(result)), bool(notebook.get("truncated"))


def _text(value: Any) -> str:
    """Redact, and keep begin and end of a very long text: the end of a log names the failure."""
    text = redact(str(value or ""))
    if len(text) <= MAX_TEXT:
        return text
    half = MAX_TEXT // 2
    return f"{text[:half]}\n[{len(text) - MAX_TEXT} characters cut]\n{text[-half:]}"
