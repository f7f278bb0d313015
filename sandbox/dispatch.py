"""How the types of task are done: by compute, by the control plane itself, or by another run or update."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from sandbox import conditions, work
from sandbox.attempts import Attempt
from sandbox.compute import Compute, TaskResult, UpdateResult
from sandbox.errors import ApiError
from sandbox.files import WorkspaceFiles
from sandbox.loops import inputs_of
from sandbox.pipelines import PipelineService, UpdateOptions
from sandbox.records import RunRecord, RunState, TaskRecord
from sandbox.refusals import RefusedError
from sandbox.task_requests import TaskContext, build_request, parameters
from sandbox.task_types import task_type


class Runs(Protocol):
    """The part of RunService that a task in progress needs."""

    def mark_running(self, run: RunRecord, task_run_id: int) -> TaskContext | None:
        """Record that the work begins, with all references replaced; None if it is not wanted any more."""

    def finish_task(self, task_run_id: int, state: RunState, ending: Ending) -> None:
        """Record how the work ended."""

    def start_child(self, run: RunRecord, task: TaskRecord, parameters: dict[str, str]) -> RunRecord:
        """Start the run of another job that a task waits for."""

    def start_loop(self, run: RunRecord, task_run_id: int, inputs: list[Any]) -> None:
        """Start the iterations that a for_each_task waits for."""

    def stop_loop(self, task_run_id: int) -> None:
        """Start no more iterations, and cancel those in progress."""

    def cancel(self, run_id: int) -> None:
        """Cancel a run."""


class Evaluated(Protocol):
    """An alert whose query was just run."""

    @property
    def state(self) -> str:
        """OK, TRIGGERED, UNKNOWN or ERROR."""

    @property
    def message(self) -> str:
        """Why it ended in ERROR."""


class Alerts(Protocol):
    """The part of AlertService that an alert_task needs."""

    def evaluate(self, alert_id: str) -> Evaluated:
        """Run the query of an alert and record the state that follows."""


@dataclass(frozen=True, kw_only=True)
class Services:
    """What tasks are done with."""

    compute: Compute
    files: WorkspaceFiles
    pipelines: PipelineService
    alerts: Alerts


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What a task leaves behind besides its state."""

    output: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `runs/get-output`."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Task values."""
    outcome: Literal["true", "false"] | None = None
    """What a condition_task found."""


SUCCESS = work.state_of(TaskResult(state="SUCCESS"))


class Dispatcher:
    """Does the work of one task run at a time, in the thread that it is called from."""

    def __init__(self, runs: Runs, services: Services) -> None:
        self._runs, self._services = runs, services
        self._needs_sources = bool(getattr(services.compute, "needs_sources", True))
        self._ways: dict[str | None, Callable[[TaskContext, Attempt], None]] = {
            "run_job_task": self._run_child,
            "pipeline_task": self._run_update,
            "condition_task": self._decide,
            "for_each_task": self._run_loop,
            "alert_task": self._evaluate,
        }

    def perform(self, run: RunRecord, task_run_id: int, attempt: Attempt) -> None:
        """Do the work of a task run; its end is reported to `finish_task`, whatever happens."""
        try:
            context = self._runs.mark_running(run, task_run_id)
            if context is not None:
                self._ways.get(task_type(context.task.definition), self._run_on_compute)(context, attempt)
        except RefusedError as refusal:
            self._runs.finish_task(task_run_id, refusal.state(), Ending(output={"error": refusal.message}))
        except Exception as error:  # noqa: BLE001  a defect of the sandbox must end this task run, not leave it hanging
            failed = TaskResult(state="INTERNAL_ERROR", message=f"SANDBOX_DEFECT: {error!r}")
            self._runs.finish_task(task_run_id, work.state_of(failed), Ending(output={"error": failed.message}))

    def _run_on_compute(self, context: TaskContext, attempt: Attempt) -> None:
        request = build_request(context, self._services.files, needs_sources=self._needs_sources)
        result = self._services.compute.run_task(request, attempt.cancel)
        output = work.output_of(result, context.task.definition)
        self._runs.finish_task(
            context.task.run_id, work.state_of(result), Ending(output=output, values=result.task_values)
        )

    def _decide(self, context: TaskContext, _attempt: Attempt) -> None:
        holds = conditions.holds(context.body)
        self._runs.finish_task(context.task.run_id, SUCCESS, Ending(outcome="true" if holds else "false"))

    def _evaluate(self, context: TaskContext, _attempt: Attempt) -> None:
        try:
            alert = self._services.alerts.evaluate(str(context.body["alert_id"]))
        except ApiError as error:
            raise RefusedError(error.message, "RESOURCE_NOT_FOUND") from error
        output: dict[str, Any] = {"alert_output": {"alert_state": alert.state}}
        failed = alert.state == "ERROR"
        state = work.state_of(TaskResult(state="FAILED", message=alert.message)) if failed else SUCCESS
        error_text = {"error": alert.message} if failed else {}
        self._runs.finish_task(context.task.run_id, state, Ending(output=output | error_text))

    def _run_loop(self, context: TaskContext, attempt: Attempt) -> None:
        task_run_id = context.task.run_id
        self._runs.start_loop(context.run, task_run_id, inputs_of(context.body["inputs"]))
        attempt.on_cancel = lambda: self._runs.stop_loop(task_run_id)
        if attempt.cancel.is_set():
            self._runs.stop_loop(task_run_id)

    def _run_child(self, context: TaskContext, attempt: Attempt) -> None:
        asked = context.body.get("job_parameters") or {}
        known = parameters(context)
        try:
            child = self._runs.start_child(context.run, context.task, {str(name): known[str(name)] for name in asked})
        except ApiError as error:
            raise RefusedError(error.message, "RESOURCE_NOT_FOUND") from error
        attempt.on_cancel = lambda: self._runs.cancel(child.run_id)
        if attempt.cancel.is_set():
            self._runs.cancel(child.run_id)

    def _run_update(self, context: TaskContext, attempt: Attempt) -> None:
        body = {**context.body, **(context.run.overriding_parameters.get("pipeline_params") or {})}
        pipeline_id = str(body["pipeline_id"])
        options = UpdateOptions(
            full_refresh=bool(body.get("full_refresh")),
            refresh_selection=tuple(body.get("refresh_selection") or ()),
            full_refresh_selection=tuple(body.get("full_refresh_selection") or ()),
            cause="JOB_TASK",
        )

        def ended(update_id: str, result: UpdateResult) -> None:
            self._runs.finish_task(context.task.run_id, *_outcome_of_update(pipeline_id, update_id, result))

        try:
            self._services.pipelines.start(pipeline_id, options, ended)
        except ApiError as error:
            raise RefusedError(error.message, "RUN_EXECUTION_ERROR") from error
        attempt.on_cancel = lambda: self._services.pipelines.stop(pipeline_id)
        if attempt.cancel.is_set():
            self._services.pipelines.stop(pipeline_id)


def outcome_of_child(child: RunRecord) -> tuple[RunState, Ending]:
    """State and output of the run_job_task whose run has ended."""
    output: dict[str, Any] = {"run_job_output": {"run_id": child.run_id}}
    if child.state.succeeded:
        return SUCCESS, Ending(output=output)
    canceled = child.state.result_state == "CANCELED"
    output["error"] = child.state.state_message
    return work.state_of(TaskResult(state="CANCELED" if canceled else "FAILED")), Ending(output=output)


def _outcome_of_update(pipeline_id: str, update_id: str, result: UpdateResult) -> tuple[RunState, Ending]:
    if result.state == "COMPLETED":
        return SUCCESS, Ending()
    message = f"Update {update_id} of pipeline {pipeline_id} is {result.state}. See the pipeline's event log."
    state = work.state_of(TaskResult(state=result.state, message=message))
    return state, Ending(output={"error": result.message or message})
