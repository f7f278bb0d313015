"""When tasks and runs begin and are tried again: run_if, retries, limits, the queue, `only`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from databricks.sdk.errors import InvalidParameterValue
from databricks.sdk.service.jobs import (
    CronSchedule,
    JobParameterDefinition,
    JobSettings,
    NotebookTask,
    PauseStatus,
    QueueSettings,
    RunIf,
    RunJobTask,
    Task,
    TaskDependency,
    TriggerType,
)

if TYPE_CHECKING:
    from tests.contract.conftest import Sandbox


def notebook(key: str, *after: str, base: dict[str, str] | None = None, **fields: Any) -> Task:
    return Task(
        task_key=key,
        notebook_task=NotebookTask(notebook_path=f"/Workspace/Shared/{key}", base_parameters=base),
        depends_on=[TaskDependency(task_key=name) for name in after],
        **fields,
    )


@pytest.mark.parametrize(
    ("run_if", "expected"),
    [
        (RunIf.ALL_SUCCESS, "UPSTREAM_FAILED"),
        (RunIf.NONE_FAILED, "UPSTREAM_FAILED"),
        (RunIf.ALL_DONE, "SUCCESS"),
        (RunIf.AT_LEAST_ONE_SUCCESS, "SUCCESS"),
        (RunIf.AT_LEAST_ONE_FAILED, "SUCCESS"),
        (RunIf.ALL_FAILED, "EXCLUDED"),
    ],
)
def test_a_task_after_a_failure_and_a_success_obeys_run_if(sandbox: Sandbox, run_if: RunIf, expected: str) -> None:
    sandbox.play(tasks=[{"task": "bad", "state": "FAILED"}])
    run = sandbox.run_of(notebook("bad"), notebook("good"), notebook("last", "bad", "good", run_if=run_if))
    assert sandbox.results(run)["last"] == expected


def test_a_run_whose_last_tasks_succeed_despite_a_failure_is_a_success_with_failures(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"task": "bad", "state": "FAILED"}])
    run = sandbox.run_of(notebook("bad"), notebook("clean_up", "bad", run_if=RunIf.ALL_DONE))
    state = run.as_dict()["state"]
    assert (state["life_cycle_state"], state["result_state"]) == ("TERMINATED", "SUCCESS_WITH_FAILURES")


def test_a_retry_waits_for_its_interval(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"state": "FAILED", "occurrence": 1, "seconds": 0}])
    run_id = sandbox.start(sandbox.job_of(notebook("load", max_retries=1, min_retry_interval_millis=1500)))

    def waiting() -> dict[str, Any] | None:
        task = sandbox.task_run(sandbox.client.jobs.get_run(run_id), "load").as_dict()
        return task if task["state"]["life_cycle_state"] == "WAITING_FOR_RETRY" else None

    seen = sandbox.eventually(waiting)
    assert (seen["attempt_number"], seen["status"]["state"]) == (1, "WAITING")
    assert sandbox.results(sandbox.finished(run_id)) == {"load": "SUCCESS"}


def test_a_run_that_waits_for_a_retry_can_be_cancelled(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"state": "FAILED", "seconds": 0}])
    run_id = sandbox.start(sandbox.job_of(notebook("load", max_retries=-1, min_retry_interval_millis=60_000)))
    sandbox.eventually(
        lambda: sandbox.task_run(sandbox.client.jobs.get_run(run_id), "load").attempt_number or None,
    )
    sandbox.client.jobs.cancel_run(run_id)
    assert sandbox.results(sandbox.finished(run_id)) == {"load": "CANCELED"}


def test_retries_end_at_their_limit_and_start_anew_in_a_repair(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"state": "FAILED", "occurrence": [1, 2, 3]}])
    run = sandbox.run_of(notebook("load", max_retries=1))
    assert (sandbox.results(run), sandbox.task_run(run, "load").attempt_number) == ({"load": "FAILED"}, 1)
    sandbox.client.jobs.repair_run(run.run_id or 0, rerun_all_failed_tasks=True)
    repaired = sandbox.finished(run.run_id or 0)
    assert (sandbox.results(repaired), sandbox.task_run(repaired, "load").attempt_number) == ({"load": "SUCCESS"}, 3)


@pytest.mark.parametrize(("retry", "expected"), [(False, "TIMEDOUT"), (True, "SUCCESS")])
def test_a_task_that_timed_out_is_tried_again_only_if_asked_for(
    sandbox: Sandbox, *, retry: bool, expected: str
) -> None:
    sandbox.play(tasks=[{"seconds": 60, "occurrence": 1}])
    run = sandbox.run_of(notebook("load", max_retries=1, retry_on_timeout=retry, timeout_seconds=1))
    assert sandbox.results(run) == {"load": expected}


def test_a_queued_run_says_why_it_waits(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"seconds": 60}])
    job_id = sandbox.make_job("slow", queue=QueueSettings(enabled=True))
    sandbox.start(job_id)
    queued = sandbox.client.jobs.get_run(sandbox.start(job_id)).as_dict()
    assert queued["state"]["life_cycle_state"] == "QUEUED"
    assert queued["status"]["queue_details"]["code"] == "MAX_CONCURRENT_RUNS_REACHED"
    sandbox.client.jobs.cancel_all_runs(job_id=job_id)


def test_a_run_can_be_queued_although_its_job_has_no_queue(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"seconds": 60}])
    job_id = sandbox.make_job("slow")
    sandbox.start(job_id)
    queued = sandbox.client.jobs.get_run(sandbox.start(job_id, queue=QueueSettings(enabled=True))).as_dict()
    assert queued["state"]["life_cycle_state"] == "QUEUED"
    sandbox.client.jobs.cancel_all_runs(job_id=job_id)


@pytest.mark.parametrize(
    ("only", "expected"), [("b", {"b"}), ("+b", {"a", "b"}), ("b+", {"b", "c"}), ("+b+", {"a", "b", "c"})]
)
def test_a_run_has_only_the_tasks_that_are_asked_for(sandbox: Sandbox, only: str, expected: set[str]) -> None:
    run = sandbox.run(sandbox.make_job("a", "b", "c"), only=[only])
    assert set(sandbox.results(run)) == expected


def test_tasks_that_do_not_exist_cannot_be_asked_for(sandbox: Sandbox) -> None:
    with pytest.raises(InvalidParameterValue, match="Task keys z do not exist"):
        sandbox.start(sandbox.make_job("a"), only=["z"])


def test_references_are_replaced_when_the_task_begins(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"task": "first", "task_values": {"rows": 3, "done": True}}])
    base = {
        "run": "{{job.run_id}}/{{task.run_id}}",
        "name": "{{task.name}} of {{job.name}}",
        "date": "{{job.start_time.iso_date}}",
        "rows": "{{tasks.first.values.rows}} {{tasks.first.values.done}}",
        "state": "{{tasks.first.result_state}}",
        "day": "{{job.parameters.day}}",
        "nothing": "{{unknown}} {{ x y }}",
    }
    job_id = sandbox.job_of(
        notebook("first"),
        notebook("last", "first", base=base),
        name="daily",
        parameters=[JobParameterDefinition(name="day", default="{{job.start_time.iso_date}}")],
    )
    run = sandbox.client.jobs.get_run(sandbox.run(job_id).run_id or 0, include_resolved_values=True)
    task = sandbox.task_run(run, "last").as_dict()
    values = task["resolved_values"]["notebook_task"]["base_parameters"]
    date = values.pop("date")
    assert len(date) == len("2026-01-01")
    assert values == {
        "run": f"{run.run_id}/{task['run_id']}",
        "name": "last of daily",
        "rows": "3 true",
        "state": "success",
        "day": date,
        "nothing": "{{unknown}} {{ x y }}",
    }


def test_a_run_job_task_passes_job_parameters_on(sandbox: Sandbox) -> None:
    inner = sandbox.make_job("load", parameters=[JobParameterDefinition(name="day", default="1")])
    task = Task(task_key="call", run_job_task=RunJobTask(job_id=inner, job_parameters={"day": "{{job.run_id}}"}))
    outer = sandbox.run_of(task)
    [child] = sandbox.client.jobs.list_runs(job_id=inner)
    assert {item.name: item.value for item in child.job_parameters or ()} == {"day": str(outer.run_id)}
    assert child.trigger_info is not None
    assert child.trigger_info.run_id == sandbox.task_run(outer, "call").run_id


def test_a_repair_uses_the_settings_that_the_job_has_now(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"state": "FAILED", "occurrence": 1}])
    job_id = sandbox.job_of(notebook("load", base={"version": "old"}))
    run_id = sandbox.run(job_id).run_id or 0
    sandbox.client.jobs.reset(job_id, JobSettings(name="fixed", tasks=[notebook("load", base={"version": "new"})]))
    sandbox.client.jobs.repair_run(run_id, rerun_all_failed_tasks=True)
    sandbox.finished(run_id)
    task = sandbox.task_run(sandbox.client.jobs.get_run(run_id, include_resolved_values=True), "load").as_dict()
    assert task["resolved_values"]["notebook_task"]["base_parameters"] == {"version": "new"}


def test_a_repair_can_run_what_depends_on_its_tasks_again(sandbox: Sandbox) -> None:
    run = sandbox.run(sandbox.make_job("a", "b", "c"))
    before = {task.task_key: task.run_id for task in run.tasks or ()}
    sandbox.client.jobs.repair_run(run.run_id or 0, rerun_tasks=["b"], rerun_dependent_tasks=True)
    repaired = sandbox.finished(run.run_id or 0)
    again = {task.task_key for task in repaired.tasks or () if task.run_id != before[task.task_key]}
    assert again == {"b", "c"}


def test_a_repair_of_a_run_in_progress_is_refused(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"seconds": 60}])
    run_id = sandbox.start(sandbox.make_job("slow"))
    with pytest.raises(Exception, match="only a run that has ended can be repaired"):
        sandbox.client.jobs.repair_run(run_id, rerun_all_failed_tasks=True)
    sandbox.client.jobs.cancel_run(run_id)


def test_a_job_starts_by_its_schedule_unless_that_is_paused(sandbox: Sandbox) -> None:
    yearly = CronSchedule(quartz_cron_expression="0 0 0 1 1 ?", timezone_id="UTC")
    paused = CronSchedule(quartz_cron_expression="0 0 0 1 1 ?", timezone_id="UTC", pause_status=PauseStatus.PAUSED)
    running_job, paused_job = (sandbox.make_job("load", schedule=schedule) for schedule in (yearly, paused))
    moment = int(time.time() * 1000) + 366 * 24 * 3600 * 1000
    sandbox.client.api_client.do("POST", "/sandbox/tick", body={"at": moment})
    [run] = sandbox.client.jobs.list_runs(job_id=running_job)
    assert run.trigger == TriggerType.PERIODIC
    assert list(sandbox.client.jobs.list_runs(job_id=paused_job)) == []
    sandbox.client.jobs.delete(running_job)


@pytest.mark.parametrize(
    ("expression", "zone", "message"),
    [("0 8 * * *", "UTC", "Databricks uses Quartz cron syntax"), ("0 0 8 * * ?", "Mars/Base", "Invalid timezone_id")],
)
def test_a_schedule_that_cannot_be_read_is_refused(sandbox: Sandbox, expression: str, zone: str, message: str) -> None:
    with pytest.raises(InvalidParameterValue, match=message):
        sandbox.make_job("load", schedule=CronSchedule(quartz_cron_expression=expression, timezone_id=zone))
