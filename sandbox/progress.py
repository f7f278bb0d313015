"""How a run goes on: which tasks may start, and how the run ends. Pure functions over its task runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

from sandbox.records import RunState, TaskRecord

Verdict = Literal["wait", "start", "skip"]
Upstream = Literal["succeeded", "failed", "canceled", "excluded"]
_HANDLES_FAILURE = {"ALL_FAILED", "AT_LEAST_ONE_FAILED"}
_FAILED: set[Upstream] = {"failed", "canceled"}
_CONDITIONS: dict[str, Callable[[Sequence[Upstream]], bool]] = {
    "ALL_SUCCESS": lambda before: all(one == "succeeded" for one in before),
    "ALL_DONE": lambda _: True,
    "NONE_FAILED": lambda before: not _FAILED & set(before),
    "AT_LEAST_ONE_SUCCESS": lambda before: "succeeded" in before,
    "ALL_FAILED": lambda before: set(before) <= _FAILED,
    "AT_LEAST_ONE_FAILED": lambda before: bool(_FAILED & set(before)),
}
RUN_IF = frozenset(_CONDITIONS)


def verdict(task: TaskRecord, siblings: Mapping[str, TaskRecord]) -> Verdict:
    """Whether a blocked task starts now, waits for others, or will never run."""
    needed = task.definition.get("depends_on") or ()
    if not all(siblings[item["task_key"]].state.terminal for item in needed):
        return "wait"
    if task.definition.get("disabled"):
        return "skip"
    before = [_upstream(item, siblings) for item in needed]
    if not before:
        return "start"
    excluded = all(one == "excluded" for one in before)
    holds = _CONDITIONS[task.definition.get("run_if") or "ALL_SUCCESS"](before)
    return "start" if holds and not excluded else "skip"


def skipped(task: TaskRecord, siblings: Mapping[str, TaskRecord]) -> RunState:
    """State of a task that never runs because of what came before it."""
    if task.definition.get("disabled"):
        return RunState(life_cycle_state="SKIPPED", result_state="DISABLED", code="DISABLED")
    before = {_upstream(item, siblings) for item in task.definition.get("depends_on") or ()}
    if task.definition.get("run_if") in _HANDLES_FAILURE or not _FAILED & before:
        return RunState(life_cycle_state="SKIPPED", result_state="EXCLUDED", code="SKIPPED")
    result, word = ("UPSTREAM_CANCELED", "was canceled") if "canceled" in before else ("UPSTREAM_FAILED", "failed")
    return RunState(
        life_cycle_state="TERMINATED", result_state=result, state_message=f"An upstream task {word}.", code="SKIPPED"
    )


def _upstream(item: Mapping[str, Any], siblings: Mapping[str, TaskRecord]) -> Upstream:
    """How a task stands to one that it depends on; the branch that a condition did not take is excluded."""
    other = siblings[item["task_key"]]
    if other.state.succeeded:
        return "excluded" if item.get("outcome") and item["outcome"] != other.outcome else "succeeded"
    if other.state.excluded:
        return "excluded"
    return "canceled" if other.state.result_state in {"CANCELED", "UPSTREAM_CANCELED"} else "failed"


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
    if all(task.state.succeeded or task.state.excluded for task in _leaves(tasks)):
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
