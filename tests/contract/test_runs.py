from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from databricks.sdk.errors import BadRequest, InvalidParameterValue, ResourceDoesNotExist
from databricks.sdk.service.compute import Environment
from databricks.sdk.service.jobs import (
    JobEnvironment,
    JobParameterDefinition,
    NotebookTask,
    QueueSettings,
    Run,
    RunJobTask,
    SparkPythonTask,
    Task,
)

if TYPE_CHECKING:
    from tests.contract.conftest import Sandbox


def results(run: Run) -> dict[str, str | None]:
    return {
        task.task_key or "": task.state.result_state.value if task.state and task.state.result_state else None
        for task in run.tasks or ()
    }


def task_run_id(run: Run, key: str) -> int:
    return next(task.run_id for task in run.tasks or () if task.task_key == key and task.run_id)


def test_a_run_whose_tasks_succeed_terminates_with_success(sandbox: Sandbox) -> None:
    run = sandbox.run(sandbox.make_job("extract", "load"))
    assert run.as_dict()["state"]["life_cycle_state"] == "TERMINATED"
    assert run.as_dict()["state"]["result_state"] == "SUCCESS"
    assert run.as_dict()["status"]["termination_details"]["code"] == "SUCCESS"
    assert results(run) == {"extract": "SUCCESS", "load": "SUCCESS"}


def test_a_failed_task_fails_the_run_and_skips_what_depends_on_it(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"task": "extract", "state": "FAILED", "error": "boom"}])
    run = sandbox.run(sandbox.make_job("extract", "load"))
    assert results(run) == {"extract": "FAILED", "load": "UPSTREAM_FAILED"}
    state = run.as_dict()["state"]
    assert (state["life_cycle_state"], state["result_state"]) == ("INTERNAL_ERROR", "FAILED")
    assert state["state_message"].startswith(
        "Task extract failed with message: Workload failed, see run output for details."
    )
    assert run.as_dict()["status"]["termination_details"]["type"] == "CLIENT_ERROR"


def test_the_output_of_a_failed_task_has_error_and_trace(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"state": "FAILED", "error": "NameError: name 'x'", "error_trace": "Traceback …"}])
    run = sandbox.run(sandbox.make_job("load"))
    output = sandbox.client.jobs.get_run_output(task_run_id(run, "load"))
    assert (output.error, output.error_trace) == ("NameError: name 'x'", "Traceback …")
    assert output.metadata is not None
    assert output.metadata.run_id == task_run_id(run, "load")


def test_the_output_of_a_notebook_has_no_logs(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"logs": "[Step 1/2] read"}])
    run = sandbox.run(sandbox.make_job("load"))
    output = sandbox.client.jobs.get_run_output(task_run_id(run, "load"))
    assert (output.logs, output.logs_truncated) == (None, None)


def test_the_output_of_a_python_task_has_logs(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"logs": "[Step 1/2] read"}])
    python = SparkPythonTask(python_file="/Workspace/Shared/load.py")
    environments = [JobEnvironment(environment_key="default", spec=Environment(environment_version="4"))]
    run = sandbox.run_of(
        Task(task_key="load", environment_key="default", spark_python_task=python), environments=environments
    )
    output = sandbox.client.jobs.get_run_output(task_run_id(run, "load"))
    assert (output.logs, output.logs_truncated) == ("[Step 1/2] read", False)


def test_the_exit_value_of_a_notebook_is_its_result(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"exit_value": '{"status": "SUCCESS"}'}])
    run = sandbox.run(sandbox.make_job("load"))
    output = sandbox.client.jobs.get_run_output(task_run_id(run, "load")).notebook_output
    assert output is not None
    assert (output.result, output.truncated) == ('{"status": "SUCCESS"}', False)


def test_output_is_refused_for_the_run_of_a_job_with_tasks(sandbox: Sandbox) -> None:
    run = sandbox.run(sandbox.make_job("load"))
    with pytest.raises(BadRequest, match="Retrieving the output of runs with multiple tasks is not supported"):
        sandbox.client.jobs.get_run_output(run.run_id or 0)


def test_the_same_idempotency_token_starts_one_run_only(sandbox: Sandbox) -> None:
    job_id = sandbox.make_job("load", max_concurrent_runs=5)
    first = sandbox.start(job_id, idempotency_token="op-1")
    assert sandbox.start(job_id, idempotency_token="op-1") == first
    assert sandbox.start(job_id, idempotency_token="op-2") != first
    assert len(list(sandbox.client.jobs.list_runs(job_id=job_id))) == 2


def test_a_repair_runs_the_failed_tasks_again_within_the_same_run(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"task": "load", "state": "FAILED", "occurrence": 1}])
    run = sandbox.run(sandbox.make_job("extract", "load", "publish"))
    kept = task_run_id(run, "extract")
    sandbox.client.jobs.repair_run(run.run_id or 0, rerun_all_failed_tasks=True)
    repaired = sandbox.finished(run.run_id or 0)
    assert results(repaired) == {"extract": "SUCCESS", "load": "SUCCESS", "publish": "SUCCESS"}
    assert task_run_id(repaired, "extract") == kept
    history = sandbox.client.jobs.get_run(run.run_id or 0, include_history=True).as_dict()["repair_history"]
    assert [item["type"] for item in history] == ["ORIGINAL", "REPAIR"]
    assert history[0]["state"]["result_state"] == "FAILED"


def test_a_second_repair_needs_the_id_of_the_first(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"state": "FAILED"}])
    run_id = sandbox.run(sandbox.make_job("load")).run_id or 0
    waiter: Any = sandbox.client.jobs.repair_run(run_id, rerun_tasks=["load"])
    sandbox.finished(run_id)
    with pytest.raises(InvalidParameterValue, match="latest repair ID needs to be provided"):
        sandbox.client.jobs.repair_run(run_id, rerun_tasks=["load"])
    sandbox.client.jobs.repair_run(run_id, rerun_tasks=["load"], latest_repair_id=waiter.response.repair_id)
    sandbox.finished(run_id)


def test_a_cancelled_run_ends_as_canceled(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"seconds": 60}])
    run_id = sandbox.client.jobs.run_now(sandbox.make_job("slow", "later")).run_id
    sandbox.client.jobs.cancel_run(run_id)
    run = sandbox.finished(run_id)
    assert run.as_dict()["state"]["result_state"] == "CANCELED"
    assert results(run)["slow"] == "CANCELED"


def test_a_run_that_takes_longer_than_its_limit_times_out(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"seconds": 60}])
    run = sandbox.run(sandbox.make_job("slow", timeout_seconds=1))
    assert run.as_dict()["state"]["result_state"] == "TIMEDOUT"


def test_a_run_beyond_the_limit_of_concurrent_runs_is_skipped(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"seconds": 60}])
    job_id = sandbox.make_job("slow")
    first = sandbox.client.jobs.run_now(job_id).run_id
    second = sandbox.run(job_id)
    assert second.as_dict()["state"]["life_cycle_state"] == "SKIPPED"
    assert second.as_dict()["status"]["termination_details"]["code"] == "MAX_CONCURRENT_RUNS_EXCEEDED"
    sandbox.client.jobs.cancel_run(first)


def test_a_run_waits_in_the_queue_of_a_job_that_has_one(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"seconds": 0.3}])
    job_id = sandbox.make_job("slow", queue=QueueSettings(enabled=True))
    first = sandbox.client.jobs.run_now(job_id).run_id
    second = sandbox.client.jobs.run_now(job_id).run_id
    assert sandbox.client.jobs.get_run(second).as_dict()["state"]["life_cycle_state"] == "QUEUED"
    assert sandbox.finished(second).as_dict()["state"]["result_state"] == "SUCCESS"
    assert sandbox.finished(first).as_dict()["state"]["result_state"] == "SUCCESS"


def test_a_run_job_task_names_the_run_that_it_started(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"task": "load", "state": "FAILED", "error": "boom"}])
    inner = sandbox.make_job("load")
    job = sandbox.client.jobs.create(name="outer", tasks=[Task(task_key="call", run_job_task=RunJobTask(job_id=inner))])
    run = sandbox.run(job.job_id or 0)
    assert results(run) == {"call": "FAILED"}
    child = sandbox.client.jobs.get_run_output(task_run_id(run, "call")).run_job_output
    assert child is not None
    assert results(sandbox.client.jobs.get_run(child.run_id or 0)) == {"load": "FAILED"}


def test_cancelling_a_run_cancels_the_runs_that_its_tasks_started(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"task": "load", "seconds": 60}])
    inner = sandbox.make_job("load")
    job = sandbox.client.jobs.create(name="outer", tasks=[Task(task_key="call", run_job_task=RunJobTask(job_id=inner))])
    run_id = sandbox.client.jobs.run_now(job.job_id or 0).run_id
    child = sandbox.eventually(lambda: next(iter(sandbox.client.jobs.list_runs(job_id=inner)), None))
    sandbox.client.jobs.cancel_run(run_id)
    assert sandbox.finished(run_id).as_dict()["state"]["result_state"] == "CANCELED"
    assert sandbox.finished(child.run_id or 0).as_dict()["state"]["result_state"] == "CANCELED"


def test_job_parameters_are_shown_with_default_and_value(sandbox: Sandbox) -> None:
    parameters = [
        JobParameterDefinition(name="catalog", default="main"),
        JobParameterDefinition(name="day", default=""),
    ]
    run = sandbox.run(sandbox.make_job("load", parameters=parameters), job_parameters={"day": "2026-01-01"})
    shown = {item.name: (item.default, item.value) for item in run.job_parameters or ()}
    assert shown == {"catalog": ("main", None), "day": ("", "2026-01-01")}


def test_a_task_with_retries_is_tried_again(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"state": "FAILED", "occurrence": 1}])
    task = Task(task_key="load", notebook_task=NotebookTask(notebook_path="/Shared/load"), max_retries=1)
    run = sandbox.run(sandbox.client.jobs.create(name="retried", tasks=[task]).job_id or 0)
    assert results(run) == {"load": "SUCCESS"}
    assert [task.attempt_number for task in run.tasks or ()] == [1]


def test_runs_are_listed_newest_first_over_several_pages(sandbox: Sandbox) -> None:
    job_id = sandbox.make_job("load", max_concurrent_runs=50)
    started = [sandbox.client.jobs.run_now(job_id).run_id for _ in range(30)]
    listed = [run.run_id for run in sandbox.client.jobs.list_runs(job_id=job_id)]
    assert listed == started[::-1]


def test_a_task_without_work_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(InvalidParameterValue, match="must have a task type"):
        sandbox.client.jobs.create(name="empty", tasks=[Task(task_key="nothing")])


def test_an_unknown_run_does_not_exist(sandbox: Sandbox) -> None:
    with pytest.raises(ResourceDoesNotExist, match="Run 12 does not exist"):
        sandbox.client.jobs.get_run(12)
