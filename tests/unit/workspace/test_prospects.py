from __future__ import annotations

from typing import Any

import pytest

from workspace.services.prospects import prospects_of


def task(key: str, state: str, result: str = "", *needs: str, **more: Any) -> dict[str, Any]:
    waits = {"depends_on": [{"task_key": need} for need in needs]} if needs else {}
    return {"task_key": key, "state": {"life_cycle_state": state, "result_state": result or None}, **waits, **more}


FAILED = task("load", "INTERNAL_ERROR", "FAILED")
DONE = task("load", "TERMINATED", "SUCCESS")


def test_a_run_is_settled_when_all_that_is_left_waits_for_a_task_that_failed() -> None:
    found = prospects_of([FAILED, task("merge", "BLOCKED", "", "load"), task("check", "BLOCKED", "", "merge")])
    assert (found.failed, found.hopeless, found.ending) == (("load",), ("check", "merge"), True)
    assert found.settled == "load failed; check, merge can no longer run"


@pytest.mark.parametrize("state", ["RUNNING", "PENDING", "QUEUED", "WAITING_FOR_RETRY", "TERMINATING", "BLOCKED"])
def test_a_run_is_open_while_a_task_that_needs_no_other_one_may_still_do_something(state: str) -> None:
    found = prospects_of([FAILED, task("other", state)])
    assert (found.failed, found.ending, found.settled) == (("load",), False, "")


@pytest.mark.parametrize("run_if", ["ALL_DONE", "AT_LEAST_ONE_FAILED", "ALL_FAILED", "AT_LEAST_ONE_SUCCESS"])
def test_a_task_that_may_run_after_a_failure_keeps_the_run_open(run_if: str) -> None:
    assert not prospects_of([FAILED, task("clean", "BLOCKED", "", "load", run_if=run_if)]).ending


def test_a_failed_attempt_that_is_tried_again_is_no_failure() -> None:
    again = task("load", "WAITING_FOR_RETRY", attempt_number=1)
    found = prospects_of([FAILED | {"attempt_number": 0}, again])
    assert (found.failed, found.ending) == ((), False)


def test_a_run_whose_tasks_have_all_done_well_is_ending_and_not_settled() -> None:
    found = prospects_of([DONE])
    assert (found.ending, found.settled) == (True, "")


def test_tasks_that_never_ran_because_of_others_are_not_named_as_failed() -> None:
    found = prospects_of([FAILED, task("merge", "TERMINATED", "UPSTREAM_FAILED", "load")])
    assert (found.failed, found.ending) == (("load",), True)


def test_no_tasks_tell_nothing() -> None:
    assert prospects_of([]).ending is False
