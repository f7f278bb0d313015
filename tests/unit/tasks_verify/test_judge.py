"""A run is judged by its tasks and their own words; a word that cannot be read proves nothing in either direction."""

from __future__ import annotations

from tasks.verify_run import judge
from workspace.models import RunHandle, RunOutcome, RunResult, TaskOutput

HANDLE = RunHandle(resource="jobs.a", iteration=1, kind="job", parent_id="1", run_id="2", url="")
DONE = RunOutcome(handle=HANDLE, result=RunResult.SUCCESS, life_cycle_state="TERMINATED", result_state="SUCCESS")
UNREAD = TaskOutput(task_key="load", run_id="3", result=RunResult.SUCCESS, unavailable="not yours (403)")
CUT = TaskOutput(task_key="load", run_id="3", result=RunResult.SUCCESS, exit_value='{"status": "SUC', truncated=True)
FAILED = TaskOutput(task_key="check", run_id="4", result=RunResult.SUCCESS, exit_value="FAILED")


def test_a_success_whose_word_cannot_be_read_is_unknown_and_not_failed() -> None:
    for output in (UNREAD, CUT):
        verdict = judge(DONE, (output,))
        assert (verdict.verified, verdict.unknown) == (False, True)
        assert verdict.reason.startswith("task load: ")


def test_a_task_that_says_it_failed_outweighs_one_that_cannot_be_read() -> None:
    verdict = judge(DONE, (UNREAD, FAILED))
    assert (verdict.verified, verdict.unknown, verdict.reason.partition(":")[0]) == (False, False, "task check")


def test_a_failed_run_is_failed_whatever_can_be_read() -> None:
    failed = DONE.model_copy(update={"result": RunResult.FAILED, "message": "boom"})
    assert judge(failed, (UNREAD,)).unknown is False


def test_a_failed_task_of_a_child_run_is_a_failure_though_the_parent_succeeded() -> None:
    child = TaskOutput(task_key="bronze/load", run_id="5", result=RunResult.FAILED, error="boom")
    verdict = judge(DONE, (child,))
    assert (verdict.verified, verdict.reason) == (False, "task bronze/load: failed")


def test_a_partial_success_passes_and_names_what_failed() -> None:
    said = '{"status": "PARTIAL_SUCCESS", "total_items": 10, "successful": 9, "failed_items": ["late_alert"]}'
    verdict = judge(DONE, (TaskOutput(task_key="alerts", run_id="6", result=RunResult.SUCCESS, exit_value=said),))
    assert verdict.verified
    assert verdict.check.findings == (
        "task alerts passes with failures: exit JSON says PARTIAL_SUCCESS: 1 of 10 items failed (late_alert)",
    )


def test_the_share_that_must_succeed_is_the_operations_own() -> None:
    said = '{"total": 10, "succeeded": 9}'
    output = TaskOutput(task_key="alerts", run_id="6", result=RunResult.SUCCESS, exit_value=said)
    assert (judge(DONE, (output,), 0.9).verified, judge(DONE, (output,), 1.0).verified) == (True, False)
