from __future__ import annotations

import pytest

from sandbox.progress import run_outcome, skipped, verdict
from sandbox.records import LifeCycle, RunState, TaskRecord


def task(key: str, result: str | None = None, *, after: tuple[str, ...] = (), run_if: str | None = None) -> TaskRecord:
    life: LifeCycle = "TERMINATED" if result else "BLOCKED"
    definition = {"task_key": key, "depends_on": [{"task_key": name} for name in after], "run_if": run_if}
    message = "Workload failed" if result == "FAILED" else ""
    state = RunState(life_cycle_state=life, result_state=result, state_message=message)
    return TaskRecord(run_id=1, parent_run_id=2, task_key=key, definition=definition, state=state)


@pytest.mark.parametrize(
    ("upstream", "run_if", "expected"),
    [
        (("SUCCESS", None), None, "wait"),
        (("SUCCESS", "SUCCESS"), None, "start"),
        (("SUCCESS", "FAILED"), None, "skip"),
        (("SUCCESS", "FAILED"), "ALL_DONE", "start"),
        (("SUCCESS", "FAILED"), "AT_LEAST_ONE_SUCCESS", "start"),
        (("SUCCESS", "FAILED"), "ALL_FAILED", "skip"),
        (("SUCCESS", "FAILED"), "AT_LEAST_ONE_FAILED", "start"),
    ],
)
def test_a_task_starts_when_its_condition_on_those_before_it_holds(
    upstream: tuple[str | None, ...], run_if: str | None, expected: str
) -> None:
    before = [task(name, result) for name, result in zip("ab", upstream, strict=True)]
    last = task("c", after=("a", "b"), run_if=run_if)
    assert verdict(last, {item.task_key: item for item in [*before, last]}) == expected


def test_a_task_after_a_cancelled_one_is_upstream_canceled() -> None:
    first, last = task("a", "CANCELED"), task("b", after=("a",))
    assert skipped(last, {"a": first, "b": last}).result_state == "UPSTREAM_CANCELED"


def test_a_failure_that_a_later_task_made_good_leaves_a_success_with_failures() -> None:
    state = run_outcome([task("a", "FAILED"), task("b", "SUCCESS", after=("a",), run_if="ALL_DONE")], None)
    assert state.result_state == "SUCCESS_WITH_FAILURES"


def test_the_message_of_a_failed_run_names_every_task_that_failed_itself() -> None:
    tasks = [task("a", "FAILED"), task("b", "FAILED"), task("c", "UPSTREAM_FAILED", after=("a",))]
    assert run_outcome(tasks, None).state_message == (
        "Task a failed with message: Workload failed. Task b failed with message: Workload failed. "
        "This caused all downstream tasks to get skipped."
    )
