"""How the types of task are done: by compute, by a run of another job, or by an update of a pipeline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from sandbox import work
from sandbox.attempts import Attempt
from sandbox.compute import Compute, TaskResult, UpdateResult
from sandbox.errors import ApiError
from sandbox.files import WorkspaceFiles
from sandbox.job_settings import task_type
from sandbox.pipelines import PipelineService, UpdateOptions
from sandbox.records import RunRecord, RunState, TaskRecord


class Runs(Protocol):
    """The part of RunService that a task in progress needs."""

    def mark_running(self, task_run_id: int) -> TaskRecord | None:
        """Record that the work begins; None if it is not wanted any more."""

    def finish_task(self, task_run_id: int, state: RunState, output: dict[str, Any]) -> None:
        """Record how the work ended."""

    def start_child(self, task: TaskRecord, parameters: dict[str, str]) -> RunRecord:
        """Start the run of another job that a task waits for."""

    def cancel(self, run_id: int) -> None:
        """Cancel a run."""


class Dispatcher:
    """Does the work of one task run at a time, in the thread that it is called from."""

    def __init__(self, runs: Runs, compute: Compute, files: WorkspaceFiles, pipelines: PipelineService) -> None:
        self._runs, self._compute, self._files, self._pipelines = runs, compute, files, pipelines
        self._needs_sources = bool(getattr(compute, "needs_sources", True))

    def perform(self, run: RunRecord, task_run_id: int, attempt: Attempt) -> None:
        """Do the work of a task run; its end is reported to `finish_task`, whatever happens."""
        task = self._runs.mark_running(task_run_id)
        if task is None:
            return
        ways: dict[str | None, Callable[[RunRecord, TaskRecord, Attempt], None]] = {
            "run_job_task": self._run_child,
            "pipeline_task": self._run_update,
        }
        try:
            ways.get(task_type(task.definition), self._run_on_compute)(run, task, attempt)
        except work.RefusedError as refusal:
            self._runs.finish_task(task_run_id, refusal.state(), {"error": refusal.message})
        except Exception as error:  # noqa: BLE001  a defect of the sandbox must end this task run, not leave it hanging
            failed = TaskResult(state="INTERNAL_ERROR", message=f"SANDBOX_DEFECT: {error!r}")
            self._runs.finish_task(task_run_id, work.state_of(failed), {"error": failed.message})

    def _run_on_compute(self, run: RunRecord, task: TaskRecord, attempt: Attempt) -> None:
        request = work.build_request(run, task, self._files, needs_sources=self._needs_sources)
        result = self._compute.run_task(request, attempt.cancel)
        self._runs.finish_task(task.run_id, work.state_of(result), work.output_of(result, task.definition))

    def _run_child(self, run: RunRecord, task: TaskRecord, attempt: Attempt) -> None:
        asked = task.definition["run_job_task"].get("job_parameters") or {}
        known = work.task_parameters(run, task)
        try:
            child = self._runs.start_child(task, {name: known[name] for name in asked})
        except ApiError as error:
            raise work.RefusedError(error.message, "RESOURCE_NOT_FOUND") from error
        attempt.on_cancel = lambda: self._runs.cancel(child.run_id)
        if attempt.cancel.is_set():
            self._runs.cancel(child.run_id)

    def _run_update(self, _run: RunRecord, task: TaskRecord, attempt: Attempt) -> None:
        body = task.definition["pipeline_task"]
        pipeline_id = str(body["pipeline_id"])
        options = UpdateOptions(full_refresh=bool(body.get("full_refresh")), cause="JOB_TASK")

        def ended(update_id: str, result: UpdateResult) -> None:
            self._runs.finish_task(task.run_id, *_outcome_of_update(pipeline_id, update_id, result))

        try:
            self._pipelines.start(pipeline_id, options, ended)
        except ApiError as error:
            raise work.RefusedError(error.message, "RUN_EXECUTION_ERROR") from error
        attempt.on_cancel = lambda: self._pipelines.stop(pipeline_id)
        if attempt.cancel.is_set():
            self._pipelines.stop(pipeline_id)


def outcome_of_child(child: RunRecord) -> tuple[RunState, dict[str, Any]]:
    """State and output of the run_job_task whose run has ended."""
    output: dict[str, Any] = {"run_job_output": {"run_id": child.run_id}}
    if child.state.succeeded:
        return work.state_of(TaskResult(state="SUCCESS")), output
    canceled = child.state.result_state == "CANCELED"
    output["error"] = child.state.state_message
    return work.state_of(TaskResult(state="CANCELED" if canceled else "FAILED")), output


def _outcome_of_update(pipeline_id: str, update_id: str, result: UpdateResult) -> tuple[RunState, dict[str, Any]]:
    if result.state == "COMPLETED":
        return work.state_of(TaskResult(state="SUCCESS")), {}
    message = f"Update {update_id} of pipeline {pipeline_id} is {result.state}. See the pipeline's event log."
    return work.state_of(TaskResult(state=result.state, message=message)), {"error": result.message or message}
