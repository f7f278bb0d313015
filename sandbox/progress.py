"""How a run goes on: which tasks may start, and how the run ends. Pure functions over its task runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from sandbox.records import RunState, TaskRecord

Verdict = Literal["wait", "start", "skip"]


def verdict(task: TaskRecord, siblings: Mapping[str, TaskRecord]) -> Verdict:
    """Whether a blocked task starts now, waits for others, or will never run."""
    upstream = [siblings[item["task_key"]].state for item in task.definition.get("depends_on") or ()]
    if not all(state.terminal for state in upstream):
        return "wait"
    return "start" if _condition_holds(task.definition.get("run_if") or "ALL_SUCCESS", upstream) else "skip"


def _condition_holds(run_if: str, upstream: Sequence[RunState]) -> bool:
    done = [state.succeeded for state in upstream]
    failed = [not state.succeeded for state in upstream]
    conditions = {
        "ALL_SUCCESS": all(done),
        "ALL_DONE": True,
        "NONE_FAILED": all(done),
        "AT_LEAST_ONE_SUCCESS": any(done) or not done,
        "ALL_FAILED": all(failed),
        "AT_LEAST_ONE_FAILED": any(failed),
    }
    return conditions[run_if]


def skipped(task: TaskRecord, siblings: Mapping[str, TaskRecord]) -> RunState:
    """State of a task that never runs because of what came before it."""
    upstream = [siblings[item["task_key"]].state for item in task.definition.get("depends_on") or ()]
    if task.definition.get("run_if") in {"ALL_FAILED", "AT_LEAST_ONE_FAILED"} and all(s.succeeded for s in upstream):
        return RunState(life_cycle_state="SKIPPED", result_state="EXCLUDED", code="SKIPPED")
    canceled = any(state.result_state in {"CANCELED", "UPSTREAM_CANCELED"} for state in upstream)
    result, word = ("UPSTREAM_CANCELED", "was canceled") if canceled else ("UPSTREAM_FAILED", "failed")
    return RunState(
        life_cycle_state="TERMINATED", result_state=result, state_message=f"An upstream task {word}.", code="SKIPPED"
    )


def run_outcome(tasks: Iterable[TaskRecord], ending: Literal["CANCELED", "TIMEDOUT"] | None) -> RunState:
    """State of a run whose tasks have all ended."""
    tasks = list(tasks)
    failed = [task for task in tasks if _failed_itself(task.state)]
    if ending == "CANCELED":
        return RunState(
            life_cycle_state="TERMINATED", result_state="CANCELED", state_message="Run cancelled.", code="USER_CANCELED"
        )
    if ending == "TIMEDOUT":
        return RunState(
            life_cycle_state="TERMINATED", result_state="TIMEDOUT", state_message="Run timed out.", code="CANCELED"
        )
    if not failed:
        return _without_failures(tasks)
    leaves_succeeded = all(task.state.succeeded for task in _leaves(tasks))
    if leaves_succeeded:
        return RunState(
            life_cycle_state="TERMINATED", result_state="SUCCESS_WITH_FAILURES", code="SUCCESS_WITH_FAILURES"
        )
    return RunState(
        life_cycle_state="INTERNAL_ERROR",
        result_state="FAILED",
        state_message=_failure_message(failed, tasks),
        code=failed[0].state.code or "RUN_EXECUTION_ERROR",
    )


def _without_failures(tasks: Sequence[TaskRecord]) -> RunState:
    if any(task.state.result_state == "CANCELED" for task in tasks):
        return RunState(
            life_cycle_state="TERMINATED", result_state="CANCELED", state_message="Run cancelled.", code="USER_CANCELED"
        )
    return RunState(life_cycle_state="TERMINATED", result_state="SUCCESS", code="SUCCESS")


def _failed_itself(state: RunState) -> bool:
    return state.result_state in {"FAILED", "TIMEDOUT"}


def _leaves(tasks: Iterable[TaskRecord]) -> list[TaskRecord]:
    tasks = list(tasks)
    inner = {item["task_key"] for task in tasks for item in task.definition.get("depends_on") or ()}
    return [task for task in tasks if task.task_key not in inner]


def _failure_message(failed: Sequence[TaskRecord], tasks: Sequence[TaskRecord]) -> str:
    sentences = [
        f"Task {task.task_key} failed with message: {task.state.state_message.rstrip('.')}." for task in failed
    ]
    if any(task.state.result_state == "UPSTREAM_FAILED" for task in tasks):
        sentences.append("This caused all downstream tasks to get skipped.")
    return " ".join(sentences)
