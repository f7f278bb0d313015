"""Puts the states of a job run into a RunOutcome. Both forms are read: `state` (older) and `status` (newer)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from workspace.models import RunHandle, RunOutcome, RunResult, TaskOutcome
from workspace.redaction import redact

Json = Mapping[str, Any]

ENDED = frozenset({"TERMINATED", "SKIPPED", "INTERNAL_ERROR"})
"""Life cycle states of what has ended, runs and task runs alike."""
_RESULTS = {
    "SUCCESS": RunResult.SUCCESS,
    "FAILED": RunResult.FAILED,
    "SUCCESS_WITH_FAILURES": RunResult.FAILED,
    "TIMEDOUT": RunResult.TIMED_OUT,
    "CANCELED": RunResult.CANCELED,
    "UPSTREAM_FAILED": RunResult.UPSTREAM_FAILED,
    "UPSTREAM_CANCELED": RunResult.UPSTREAM_FAILED,
    "EXCLUDED": RunResult.EXCLUDED,
    "DISABLED": RunResult.EXCLUDED,
    "MAXIMUM_CONCURRENT_RUNS_REACHED": RunResult.SKIPPED,
}
_FAILURES = {RunResult.FAILED, RunResult.TIMED_OUT, RunResult.INTERNAL_ERROR}
_CODES = {
    "SUCCESS": RunResult.SUCCESS,
    "USER_CANCELED": RunResult.CANCELED,
    "CANCELED": RunResult.CANCELED,
    "SKIPPED": RunResult.SKIPPED,
    "DISABLED": RunResult.EXCLUDED,
    "MAX_CONCURRENT_RUNS_EXCEEDED": RunResult.SKIPPED,
    "MAX_JOB_QUEUE_SIZE_EXCEEDED": RunResult.SKIPPED,
    "INTERNAL_ERROR": RunResult.INTERNAL_ERROR,
}


def run_outcome(handle: RunHandle, run: Json) -> RunOutcome | None:
    """Return how the run ended, None while it is active."""
    life_cycle = life_cycle_state(run)
    if life_cycle not in ENDED:
        return None
    details = _details(run)
    return RunOutcome(
        handle=handle,
        result=result_of(run),
        life_cycle_state=life_cycle,
        result_state=_state(run).get("result_state") or "",
        message=message_of(run),
        termination_code=details.get("code") or "",
        termination_type=details.get("type") or "",
        tasks=task_outcomes(run.get("tasks") or []),
        seconds=_seconds(run),
    )


def task_outcomes(tasks: Iterable[Json]) -> tuple[TaskOutcome, ...]:
    """Return the latest attempt of each task, in the order of the tasks."""
    return tuple(_task_outcome(key, task) for key, task in latest_attempts(tasks).items())


def latest_attempts(tasks: Iterable[Json]) -> dict[str, Json]:
    """Return the latest attempt of each task by its key; repairs and retries list a task repeatedly."""
    latest: dict[str, Json] = {}
    for task in tasks:
        key = task.get("task_key") or ""
        known = latest.get(key)
        if known is None or _age(task) >= _age(known):
            latest[key] = task
    return latest


def life_cycle_state(run: Json) -> str:
    """Return the life cycle state in the words of the older form."""
    older = _state(run).get("life_cycle_state")
    newer = (run.get("status") or {}).get("state")
    return str(older or newer or "PENDING")


def progress_of(run: Json) -> str:
    """Return the state of an active run in one line; it changes whenever a task changes."""
    tasks = latest_attempts(run.get("tasks") or [])
    if not tasks:
        return life_cycle_state(run)
    ended = {key for key, task in tasks.items() if life_cycle_state(task) in ENDED}
    named = {
        "failed": sorted(key for key in ended if result_of(tasks[key]) in _FAILURES),
        "running": sorted(key for key, task in tasks.items() if life_cycle_state(task) == "RUNNING"),
    }
    now = "".join(f", {word}: {', '.join(keys)}" for word, keys in named.items() if keys)
    return f"{life_cycle_state(run)} ({len(ended)} of {len(tasks)} tasks ended{now})"


def result_of(run: Json) -> RunResult:
    """Return the result of an ended run or task run.

    A job whose tasks failed reports INTERNAL_ERROR with FAILED: the word of the result counts.
    """
    word = _state(run).get("result_state")
    if word:
        return _RESULTS.get(word, RunResult.FAILED)
    code = _details(run).get("code")
    if code:
        return _CODES.get(code, RunResult.FAILED)
    by_life_cycle = {"SKIPPED": RunResult.SKIPPED, "INTERNAL_ERROR": RunResult.INTERNAL_ERROR}
    return by_life_cycle.get(life_cycle_state(run), RunResult.FAILED)


def message_of(run: Json) -> str:
    """Return what the workspace says about the end, redacted."""
    return redact(str(_state(run).get("state_message") or _details(run).get("message") or ""))


def _task_outcome(key: str, task: Json) -> TaskOutcome:
    child = (task.get("run_job_task") or {}).get("run_id") or (task.get("run_job_output") or {}).get("run_id")
    return TaskOutcome(
        task_key=key,
        run_id=str(task.get("run_id") or ""),
        result=result_of(task) if life_cycle_state(task) in ENDED else RunResult.SKIPPED,
        message=message_of(task),
        url=task.get("run_page_url") or "",
        attempt=int(task.get("attempt_number") or 0),
        child_run_id=str(child) if child else None,
        is_loop="for_each_task" in task,
    )


def _age(task: Json) -> tuple[int, int]:
    return int(task.get("attempt_number") or 0), int(task.get("start_time") or 0)


def _state(run: Json) -> Json:
    return run.get("state") or {}


def _details(run: Json) -> Json:
    return (run.get("status") or {}).get("termination_details") or {}


def _seconds(run: Json) -> float:
    start, end = int(run.get("start_time") or 0), int(run.get("end_time") or 0)
    return (end - start) / 1000 if start and end > start else 0.0
