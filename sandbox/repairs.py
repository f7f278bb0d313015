"""Repairs: tasks of a finished run are run again within the same run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.errors import ApiError
from sandbox.ledger import Ledger
from sandbox.records import Repair, RunRecord, RunState, TaskRecord, new_id, now_ms
from sandbox.selection import with_downstream, within


@dataclass(frozen=True, kw_only=True)
class RepairRequest:
    """What `runs/repair` was asked for."""

    rerun_all_failed_tasks: bool = False
    rerun_tasks: tuple[str, ...] = ()
    rerun_dependent_tasks: bool = False
    latest_repair_id: int | None = None
    job_parameters: dict[str, str] = field(default_factory=dict)
    overriding_parameters: dict[str, Any] = field(default_factory=dict)


def open_repair(ledger: Ledger, run_id: int, request: RepairRequest) -> int:
    """Make new attempts of the tasks that are to run again, and return the id of the repair.

    They use the settings that the job has now, as the API documents it.
    """
    run = ledger.run(run_id)
    if not run.state.terminal:
        raise ApiError.invalid_state(f"Run {run_id} is active; only a run that has ended can be repaired.")
    _check_latest(run, request.latest_repair_id)
    tasks = ledger.tasks_of(run_id)
    chosen = _chosen(tasks, request)
    if not chosen:
        raise ApiError.invalid(f"Run {run_id} has no tasks to repair.")
    _remember_original(run, tasks)
    _take_new_settings(ledger, run)
    run.ending, run.end_time, run.state = None, 0, RunState(life_cycle_state="PENDING")
    run.job_parameters |= request.job_parameters
    run.overriding_parameters |= request.overriding_parameters
    definitions = {task["task_key"]: task for task in run.settings.get("tasks") or ()}
    keys = {task.task_key for task in tasks}
    attempts = [
        ledger.next_attempt(run, task, definition=within(definitions.get(task.task_key, task.definition), keys))
        for task in tasks
        if task.task_key in chosen
    ]
    repair = Repair(
        repair_id=new_id(), start_time=now_ms(), state=run.state, task_run_ids=[task.run_id for task in attempts]
    )
    run.repairs.append(repair)
    ledger.runs.save(run)
    return repair.repair_id


def close_repair(run: RunRecord) -> None:
    """Record in the newest repair, if there is one, how the run has ended."""
    if run.repairs:
        run.repairs[-1].state, run.repairs[-1].end_time = run.state, run.end_time


def _take_new_settings(ledger: Ledger, run: RunRecord) -> None:
    job = ledger.jobs.find(run.job_id)
    if job is None:
        return
    run.settings = job.settings
    for parameter in job.settings.get("parameters") or ():
        run.job_parameters.setdefault(parameter["name"], str(parameter.get("default", "")))


def _check_latest(run: RunRecord, given: int | None) -> None:
    if not run.repairs:
        if given is not None:
            raise ApiError.invalid(f"latest_repair_id must not be given: run {run.run_id} was not repaired before.")
    elif given is None:
        raise ApiError.invalid("The latest repair ID needs to be provided in order to create a new repair")
    elif given != run.repairs[-1].repair_id:
        raise ApiError.invalid(
            f"latest_repair_id must be the id of the latest repair of run {run.run_id}: {run.repairs[-1].repair_id}."
        )


def _chosen(tasks: Sequence[TaskRecord], request: RepairRequest) -> set[str]:
    if request.rerun_all_failed_tasks and request.rerun_tasks:
        raise ApiError.invalid("Only one of rerun_tasks and rerun_all_failed_tasks can be used.")
    unknown = sorted(set(request.rerun_tasks) - {task.task_key for task in tasks})
    if unknown:
        raise ApiError.invalid(f"Task keys {', '.join(unknown)} do not exist in the run.")
    chosen = set(request.rerun_tasks)
    if request.rerun_all_failed_tasks:
        chosen = {task.task_key for task in tasks if not (task.state.succeeded or task.state.excluded)}
    upstream = {task.task_key: {item["task_key"] for item in task.definition.get("depends_on") or ()} for task in tasks}
    return with_downstream(chosen, upstream) if request.rerun_dependent_tasks else chosen


def _remember_original(run: RunRecord, tasks: Sequence[TaskRecord]) -> None:
    if run.original is None:
        run.original = Repair(
            repair_id=0,
            start_time=run.start_time or run.created_time,
            end_time=run.end_time,
            state=run.state,
            task_run_ids=[task.run_id for task in tasks],
        )
