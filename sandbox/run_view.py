"""Runs in the shape that `jobs/runs/*` returns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.layout import WORKSPACE_ID
from sandbox.records import LoopStats, Repair, RunRecord, TaskRecord, Timed
from sandbox.state_view import shown_state
from sandbox.task_types import task_type

_RESOLVED = {
    "notebook_task": ("base_parameters",),
    "spark_python_task": ("parameters",),
    "spark_jar_task": ("parameters",),
    "python_wheel_task": ("parameters", "named_parameters"),
    "sql_task": ("parameters",),
    "run_job_task": ("job_parameters",),
    "condition_task": ("left", "right"),
    "dbt_task": ("commands",),
}
"""Fields of `resolved_values` by type of task."""


class RunView:
    """Shapes runs for one host."""

    def __init__(self, host: str) -> None:
        self._host = host

    def run(self, run: RunRecord, tasks: Sequence[TaskRecord], *, resolved: bool = False) -> dict[str, Any]:
        """A run with all its tasks."""
        shown = self.base_run(run) | {"tasks": [self.task(run, task, resolved=resolved) for task in tasks]}
        clusters = run.settings.get("job_clusters")
        return shown | ({"job_clusters": clusters} if clusters else {})

    def base_run(self, run: RunRecord) -> dict[str, Any]:
        """A run without its tasks, as in lists."""
        shown = {
            "job_id": run.job_id,
            "run_id": run.run_id,
            "job_run_id": run.run_id,
            "number_in_job": run.run_id,
            "original_attempt_run_id": run.run_id,
            "creator_user_name": run.creator_user_name,
            "run_name": run.run_name,
            "run_type": run.run_type,
            "format": "MULTI_TASK",
            "trigger": run.trigger,
            "job_parameters": _job_parameters(run),
            "overriding_parameters": run.overriding_parameters,
            "run_page_url": self._url(run.job_id, run.run_id),
            "run_duration": _duration(run.created_time, run.end_time),
            "queue_duration": max(0, run.start_time - run.created_time),
            **_timing(run),
            **shown_state(run.state),
        }
        if run.parent_task_run_id is not None:
            shown["trigger_info"] = {"run_id": run.parent_task_run_id}
        if run.trigger == "PERIODIC" and run.settings.get("schedule"):
            shown["schedule"] = run.settings["schedule"]
        return shown

    def task(self, run: RunRecord, task: TaskRecord, *, resolved: bool = False) -> dict[str, Any]:
        """A task run within its run."""
        shown = {
            **_definition(task),
            "run_id": task.run_id,
            "run_page_url": self._url(run.job_id, task.run_id),
            "attempt_number": task.attempt_number,
            "run_if": task.definition.get("run_if") or "ALL_SUCCESS",
            **_timing(task),
            **shown_state(task.state),
        }
        return shown | ({"resolved_values": _resolved_values(task)} if resolved and task.resolved else {})

    def task_run(
        self, run: RunRecord, task: TaskRecord, iterations: Sequence[TaskRecord] = (), *, resolved: bool = False
    ) -> dict[str, Any]:
        """A task run on its own; one of a for_each_task with its iterations."""
        kind = {name: value for name, value in _definition(task).items() if name.endswith("_task")}
        own = {
            "run_id": task.run_id,
            "job_run_id": task.parent_run_id,
            "number_in_job": task.run_id,
            "original_attempt_run_id": task.original_attempt_run_id or task.run_id,
            "task": kind,
            "run_name": task.task_key,
            "attempt_number": task.attempt_number,
            "run_page_url": self._url(run.job_id, task.run_id),
            "tasks": [self.task(run, task, resolved=resolved)],
        }
        shown = self.base_run(run) | own | _timing(task) | shown_state(task.state)
        if iterations:
            shown["iterations"] = [self.task(run, iteration, resolved=resolved) for iteration in iterations]
        return shown

    def output(self, run: RunRecord, task: TaskRecord) -> dict[str, Any]:
        """Output of a task run."""
        metadata = {name: value for name, value in self.task_run(run, task).items() if name != "tasks"}
        return {"metadata": metadata, **task.output}

    def history(self, run: RunRecord, tasks: Sequence[TaskRecord]) -> list[dict[str, Any]]:
        """The original run and its repairs, oldest first."""
        original = run.original or Repair(
            repair_id=0,
            start_time=run.created_time,
            end_time=run.end_time,
            state=run.state,
            task_run_ids=[task.run_id for task in tasks],
        )
        return [_repair("ORIGINAL", original), *(_repair("REPAIR", repair) for repair in run.repairs)]

    def _url(self, job_id: int, run_id: int) -> str:
        return f"{self._host}/?o={WORKSPACE_ID}#job/{job_id}/run/{run_id}"


def _definition(task: TaskRecord) -> dict[str, Any]:
    """The task's settings with what its type adds while it runs."""
    shown = dict(task.definition)
    if task.outcome is not None:
        shown["condition_task"] = {**shown["condition_task"], "outcome": task.outcome}
    if task.stats is not None:
        shown["for_each_task"] = {**shown["for_each_task"], "stats": _stats(task.stats)}
    return shown


def _stats(stats: LoopStats) -> dict[str, Any]:
    completed = stats.succeeded + stats.failed
    counts = {
        "total_iterations": stats.total,
        "scheduled_iterations": stats.scheduled,
        "active_iterations": stats.scheduled - completed,
        "completed_iterations": completed,
        "succeeded_iterations": stats.succeeded,
        "failed_iterations": stats.failed,
    }
    messages = [
        {"error_message": message, "count": count, "termination_category": "RUN_EXECUTION_ERROR"}
        for message, count in stats.messages.items()
    ]
    return {"task_run_stats": counts} | ({"error_message_stats": messages} if messages else {})


def _resolved_values(task: TaskRecord) -> dict[str, Any]:
    kind = task_type(task.definition) or ""
    fields = {name: task.resolved[name] for name in _RESOLVED.get(kind, ()) if task.resolved.get(name) is not None}
    return {kind: fields} if fields else {}


def _repair(kind: str, repair: Repair) -> dict[str, Any]:
    shown: dict[str, Any] = {"type": kind, "start_time": repair.start_time, "end_time": repair.end_time}
    if kind == "REPAIR":
        shown["id"] = repair.repair_id
    return shown | shown_state(repair.state) | {"task_run_ids": repair.task_run_ids}


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
