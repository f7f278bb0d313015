"""Runs in the shape that `jobs/runs/*` returns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.layout import WORKSPACE_ID
from sandbox.records import Repair, RunRecord, RunState, TaskRecord, Timed

_STATES = {"QUEUED": "QUEUED", "BLOCKED": "BLOCKED", "PENDING": "PENDING", "RUNNING": "RUNNING"} | {
    "TERMINATING": "TERMINATING",
    "WAITING_FOR_RETRY": "WAITING",
}
_TYPES = {
    "SUCCESS": "SUCCESS",
    "SUCCESS_WITH_FAILURES": "SUCCESS",
    "DRIVER_ERROR": "CLOUD_FAILURE",
    "CLUSTER_ERROR": "CLOUD_FAILURE",
    "CLOUD_FAILURE": "CLOUD_FAILURE",
    "INTERNAL_ERROR": "INTERNAL_ERROR",
}


class RunView:
    """Shapes runs for one host."""

    def __init__(self, host: str) -> None:
        self._host = host

    def run(self, run: RunRecord, tasks: Sequence[TaskRecord], *, with_history: bool = False) -> dict[str, Any]:
        """A run with its tasks."""
        shown = self.base_run(run) | {"tasks": [self.task(run, task) for task in tasks]}
        if run.repairs or with_history:
            shown["repair_history"] = self._history(run, tasks)
        return shown

    def base_run(self, run: RunRecord) -> dict[str, Any]:
        """A run without its tasks, as in lists."""
        return {
            "job_id": run.job_id,
            "run_id": run.run_id,
            "number_in_job": run.run_id,
            "original_attempt_run_id": run.run_id,
            "creator_user_name": run.creator_user_name,
            "run_name": run.run_name,
            "run_type": "JOB_RUN",
            "format": "MULTI_TASK",
            "trigger": run.trigger,
            "job_parameters": _job_parameters(run),
            "overriding_parameters": run.overriding_parameters,
            "run_page_url": self._url(run.job_id, run.run_id),
            "run_duration": _duration(run.created_time, run.end_time),
            "queue_duration": max(0, run.start_time - run.created_time),
            **_timing(run),
            **_state(run.state),
        }

    def task(self, run: RunRecord, task: TaskRecord) -> dict[str, Any]:
        """A task run within its run."""
        return {
            **task.definition,
            "run_id": task.run_id,
            "run_page_url": self._url(run.job_id, task.run_id),
            "attempt_number": task.attempt_number,
            "run_if": task.definition.get("run_if") or "ALL_SUCCESS",
            **_timing(task),
            **_state(task.state),
        }

    def task_run(self, run: RunRecord, task: TaskRecord) -> dict[str, Any]:
        """A task run on its own."""
        kind = {name: value for name, value in task.definition.items() if name.endswith("_task")}
        own = {
            "run_id": task.run_id,
            "number_in_job": task.run_id,
            "original_attempt_run_id": task.run_id,
            "task": kind,
            "run_name": task.task_key,
            "attempt_number": task.attempt_number,
            "run_page_url": self._url(run.job_id, task.run_id),
        }
        return self.base_run(run) | own | _timing(task) | _state(task.state)

    def output(self, run: RunRecord, task: TaskRecord) -> dict[str, Any]:
        """Output of a task run."""
        return {"metadata": self.task_run(run, task), **task.output}

    def _url(self, job_id: int, run_id: int) -> str:
        return f"{self._host}/?o={WORKSPACE_ID}#job/{job_id}/run/{run_id}"

    def _history(self, run: RunRecord, tasks: Sequence[TaskRecord]) -> list[dict[str, Any]]:
        original = run.original or Repair(
            repair_id=0,
            start_time=run.created_time,
            end_time=run.end_time,
            state=run.state,
            task_run_ids=[task.run_id for task in tasks],
        )
        return [_repair("ORIGINAL", original), *(_repair("REPAIR", repair) for repair in run.repairs)]


def _repair(kind: str, repair: Repair) -> dict[str, Any]:
    shown: dict[str, Any] = {"type": kind, "start_time": repair.start_time, "end_time": repair.end_time}
    if kind == "REPAIR":
        shown["id"] = repair.repair_id
    return shown | _state(repair.state) | {"task_run_ids": repair.task_run_ids}


def _job_parameters(run: RunRecord) -> list[dict[str, str]]:
    defaults = {item["name"]: item.get("default", "") for item in run.settings.get("parameters") or ()}
    names = [*defaults, *(name for name in run.job_parameters if name not in defaults)]
    shown = []
    for name in names:
        item = {"name": name, "default": defaults.get(name, "")}
        if run.job_parameters.get(name) != item["default"]:
            item["value"] = run.job_parameters.get(name, "")
        shown.append(item)
    return shown


def _timing(item: Timed) -> dict[str, int]:
    return {
        "start_time": item.start_time or item.created_time,
        "setup_duration": 0,
        "execution_duration": _duration(item.start_time, item.end_time),
        "cleanup_duration": 0,
        "end_time": item.end_time,
    }


def _duration(start: int, end: int) -> int:
    return max(0, end - start) if start and end else 0


def _state(state: RunState) -> dict[str, Any]:
    older: dict[str, Any] = {
        "life_cycle_state": state.life_cycle_state,
        "state_message": state.state_message,
        "user_cancelled_or_timedout": state.result_state in {"CANCELED", "TIMEDOUT"},
    }
    if state.result_state:
        older["result_state"] = state.result_state
    return {"state": older, "status": _status(state)}


def _status(state: RunState) -> dict[str, Any]:
    if state.life_cycle_state == "QUEUED":
        details = {"code": "MAX_CONCURRENT_RUNS_REACHED", "message": state.state_message}
        return {"state": "QUEUED", "queue_details": details}
    if not state.terminal:
        return {"state": _STATES[state.life_cycle_state]}
    code = state.code or "RUN_EXECUTION_ERROR"
    details = {"code": code, "type": _TYPES.get(code, "CLIENT_ERROR"), "message": state.state_message}
    return {"state": "TERMINATED", "termination_details": details}
