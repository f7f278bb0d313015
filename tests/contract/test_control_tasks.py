"""Tasks that the control plane does itself: conditions, loops, and what decides whether a task runs at all."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from databricks.sdk.service.jobs import (
    AlertTask,
    ConditionTask,
    ConditionTaskOp,
    ForEachTask,
    JobParameterDefinition,
    NotebookTask,
    Run,
    RunIf,
    Task,
    TaskDependency,
)
from databricks.sdk.service.sql import AlertV2

if TYPE_CHECKING:
    from tests.contract.conftest import Sandbox


def notebook(key: str, *after: str, outcome: str | None = None, **fields: Any) -> Task:
    return Task(
        task_key=key,
        notebook_task=NotebookTask(notebook_path=f"/Workspace/Shared/{key}", base_parameters=fields.pop("base", None)),
        depends_on=[TaskDependency(task_key=name, outcome=outcome) for name in after],
        **fields,
    )


def condition(key: str, left: str, op: ConditionTaskOp, right: str, *after: str) -> Task:
    return Task(
        task_key=key,
        condition_task=ConditionTask(left=left, op=op, right=right),
        depends_on=[TaskDependency(task_key=name) for name in after],
    )


def loop(key: str, inputs: str, *after: str, **options: Any) -> Task:
    nested = options.pop("nested", None) or notebook(f"{key}_one", base={"region": "{{input}}"})
    return Task(
        task_key=key,
        for_each_task=ForEachTask(inputs=inputs, task=nested, **options),
        depends_on=[TaskDependency(task_key=name) for name in after],
    )


def iterations(sandbox: Sandbox, run: Run, key: str) -> list[dict[str, Any]]:
    task = sandbox.client.jobs.get_run(sandbox.task_run(run, key).run_id or 0, include_resolved_values=True)
    return [iteration.as_dict() for iteration in task.iterations or ()]


def regions(found: list[dict[str, Any]]) -> list[str]:
    return [item["resolved_values"]["notebook_task"]["base_parameters"]["region"] for item in found]


@pytest.mark.parametrize(
    ("left", "op", "right", "outcome"),
    [
        ("12.0", ConditionTaskOp.EQUAL_TO, "12", "false"),
        ("12.0", ConditionTaskOp.GREATER_THAN_OR_EQUAL, "12", "true"),
        ("10.0", ConditionTaskOp.GREATER_THAN_OR_EQUAL, "12", "false"),
        ("9", ConditionTaskOp.LESS_THAN, "10", "true"),
        ("a", ConditionTaskOp.NOT_EQUAL, "b", "true"),
    ],
)
def test_a_condition_compares_texts_or_numbers(
    sandbox: Sandbox, left: str, op: ConditionTaskOp, right: str, outcome: str
) -> None:
    run = sandbox.run_of(condition("check", left, op, right))
    shown = sandbox.task_run(run, "check").condition_task
    assert shown is not None
    assert (shown.outcome, sandbox.results(run)) == (outcome, {"check": "SUCCESS"})


def test_only_the_branch_that_a_condition_takes_runs(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"task": "count", "task_values": {"rows": 0}}])
    run = sandbox.run_of(
        notebook("count"),
        condition("has_rows", "{{tasks.count.values.rows}}", ConditionTaskOp.GREATER_THAN, "0", "count"),
        notebook("merge", "has_rows", outcome="true"),
        notebook("report", "merge"),
        notebook("warn", "has_rows", outcome="false"),
        notebook("join", "report", "warn", run_if=RunIf.NONE_FAILED),
        notebook("both", "report", "warn"),
    )
    assert sandbox.results(run) == {
        "count": "SUCCESS",
        "has_rows": "SUCCESS",
        "merge": "EXCLUDED",
        "report": "EXCLUDED",
        "warn": "SUCCESS",
        "join": "SUCCESS",
        "both": "EXCLUDED",
    }
    assert run.as_dict()["state"]["result_state"] == "SUCCESS"


def test_a_condition_on_what_is_no_number_fails(sandbox: Sandbox) -> None:
    run = sandbox.run_of(condition("check", "many", ConditionTaskOp.GREATER_THAN, "0"))
    assert sandbox.results(run) == {"check": "FAILED"}
    assert "operand 'many' is not a number" in str(sandbox.task_run(run, "check").as_dict()["state"]["state_message"])


def test_a_reference_to_a_task_value_that_was_not_set_fails_the_task(sandbox: Sandbox) -> None:
    run = sandbox.run_of(
        notebook("count"), condition("check", "{{tasks.count.values.rows}}", ConditionTaskOp.EQUAL_TO, "0", "count")
    )
    message = str(sandbox.task_run(run, "check").as_dict()["state"]["state_message"])
    assert "Task value referenced by 'tasks.count.values.rows' in task 'check' was not found" in message


def test_a_loop_runs_its_task_once_for_each_input(sandbox: Sandbox) -> None:
    run = sandbox.run_of(loop("regions", '["eu", "us", "ap"]', concurrency=2))
    found = iterations(sandbox, run, "regions")
    assert sorted(regions(found)) == ["ap", "eu", "us"]
    assert {item["task_key"] for item in found} == {"regions_one"}
    shown = sandbox.task_run(run, "regions").as_dict()["for_each_task"]
    assert shown["stats"]["task_run_stats"] == {
        "active_iterations": 0,
        "completed_iterations": 3,
        "failed_iterations": 0,
        "scheduled_iterations": 3,
        "succeeded_iterations": 3,
        "total_iterations": 3,
    }


def test_the_output_of_an_iteration_is_its_own(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"input": "eu", "exit_value": "from eu"}, {"input": "us", "exit_value": "from us"}])
    run = sandbox.run_of(loop("regions", '["eu", "us"]'))
    found = iterations(sandbox, run, "regions")
    outputs = [sandbox.client.jobs.get_run_output(item["run_id"]).notebook_output for item in found]
    assert [output.result for output in outputs if output] == ["from eu", "from us"]


def test_the_inputs_of_a_loop_can_come_from_a_task_before_and_be_objects(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"task": "find", "task_values": {"tables": [{"name": "a"}, {"name": "b"}]}}])
    nested = notebook("copy", base={"region": "table {{input.name}}"})
    run = sandbox.run_of(notebook("find"), loop("all", "{{tasks.find.values.tables}}", "find", nested=nested))
    assert regions(iterations(sandbox, run, "all")) == ["table a", "table b"]


def test_the_inputs_of_a_loop_can_come_from_a_job_parameter(sandbox: Sandbox) -> None:
    job_id = sandbox.job_of(
        loop("all", "{{job.parameters.regions}}"), parameters=[JobParameterDefinition(name="regions", default="[]")]
    )
    run = sandbox.run(job_id, job_parameters={"regions": '["eu"]'})
    assert regions(iterations(sandbox, run, "all")) == ["eu"]
    assert sandbox.results(sandbox.run(job_id)) == {"all": "SUCCESS"}


def test_a_loop_with_failed_iterations_fails_after_all_have_run(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"input": "eu", "state": "FAILED", "error": "boom"}])
    run = sandbox.run_of(loop("regions", '["eu", "us"]'), notebook("after", "regions"))
    assert sandbox.results(run) == {"regions": "FAILED", "after": "UPSTREAM_FAILED"}
    found = iterations(sandbox, run, "regions")
    assert [item["state"]["result_state"] for item in found] == ["FAILED", "SUCCESS"]
    stats = sandbox.task_run(run, "regions").as_dict()["for_each_task"]["stats"]
    assert stats["error_message_stats"][0]["error_message"] == "boom"


def test_a_repair_of_a_loop_runs_only_its_failed_iterations_again(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"input": "eu", "state": "FAILED", "occurrence": 1}])
    run_id = sandbox.run_of(loop("regions", '["eu", "us"]')).run_id or 0
    before = {item["run_id"] for item in iterations(sandbox, sandbox.client.jobs.get_run(run_id), "regions")}
    sandbox.client.jobs.repair_run(run_id, rerun_all_failed_tasks=True)
    run = sandbox.finished(run_id)
    found = iterations(sandbox, run, "regions")
    assert sandbox.results(run) == {"regions": "SUCCESS"}
    assert sorted(regions(found)) == ["eu", "us"]
    assert len({item["run_id"] for item in found} & before) == 1


def test_an_iteration_with_retries_is_tried_again(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"input": "eu", "state": "FAILED", "occurrence": 1}])
    nested = notebook("one", base={"region": "{{input}}"}, max_retries=1)
    run = sandbox.run_of(loop("regions", '["eu"]', nested=nested))
    assert sandbox.results(run) == {"regions": "SUCCESS"}
    assert [item["attempt_number"] for item in iterations(sandbox, run, "regions")] == [1]


def test_more_than_a_hundred_iterations_come_in_pages_that_the_sdk_puts_together(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"seconds": 0}])
    run = sandbox.run_of(loop("many", str(list(range(130))), concurrency=100))
    assert len(iterations(sandbox, run, "many")) == 130


def test_cancelling_a_run_cancels_the_iterations_of_its_loops(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"seconds": 60}])
    run_id = sandbox.start(sandbox.job_of(loop("regions", '["eu", "us"]')))
    sandbox.eventually(lambda: iterations(sandbox, sandbox.client.jobs.get_run(run_id), "regions") or None)
    sandbox.client.jobs.cancel_run(run_id)
    run = sandbox.finished(run_id)
    assert sandbox.results(run) == {"regions": "CANCELED"}
    assert [item["state"]["result_state"] for item in iterations(sandbox, run, "regions")] == ["CANCELED"]


def test_a_loop_over_its_time_limit_ends_with_its_iterations(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"seconds": 60}])
    task = loop("regions", '["eu"]')
    task.timeout_seconds = 1
    run = sandbox.run_of(task)
    assert sandbox.results(run) == {"regions": "TIMEDOUT"}
    assert [item["state"]["life_cycle_state"] for item in iterations(sandbox, run, "regions")] == ["TERMINATED"]


def test_inputs_that_are_no_array_fail_the_loop(sandbox: Sandbox) -> None:
    job_id = sandbox.job_of(
        loop("all", "{{job.parameters.regions}}"), parameters=[JobParameterDefinition(name="regions", default="eu")]
    )
    run = sandbox.run(job_id)
    assert "not valid JSON: eu" in str(sandbox.task_run(run, "all").as_dict()["state"]["state_message"])


def test_a_disabled_task_does_not_run(sandbox: Sandbox) -> None:
    run = sandbox.run_of(notebook("off", disabled=True), notebook("on"))
    assert sandbox.results(run) == {"off": "DISABLED", "on": "SUCCESS"}


@pytest.fixture
def alert_id(sandbox: Sandbox) -> Iterator[str]:
    warehouse_id = next(iter(sandbox.client.warehouses.list())).id
    evaluation = {
        "source": {"name": "late"},
        "comparison_operator": "GREATER_THAN",
        "threshold": {"value": {"double_value": 5}},
    }
    body = {
        "display_name": f"late {time.time_ns()}",
        "query_text": "SELECT late FROM flights",
        "warehouse_id": warehouse_id,
        "evaluation": evaluation,
        "schedule": {"quartz_cron_schedule": "0 0 8 * * ?", "timezone_id": "UTC", "pause_status": "PAUSED"},
    }
    made = sandbox.client.alerts_v2.create_alert(AlertV2.from_dict(body)).id or ""
    yield made
    sandbox.client.api_client.do("DELETE", f"/api/2.0/alerts/{made}", query={"purge": "true"})


def test_an_alert_task_evaluates_its_alert_and_tells_other_tasks(sandbox: Sandbox, alert_id: str) -> None:
    sandbox.play(statements=[{"statement": "select late*", "columns": ["late"], "rows": [["6"]]}])
    task = Task(task_key="late", alert_task=AlertTask(alert_id=alert_id))
    check = condition("check", "{{tasks.late.output.alert_state}}", ConditionTaskOp.EQUAL_TO, "TRIGGERED", "late")
    run = sandbox.run_of(task, check)
    shown = sandbox.task_run(run, "check").condition_task
    assert shown is not None
    assert (sandbox.results(run)["late"], shown.outcome) == ("SUCCESS", "true")
    output = sandbox.client.jobs.get_run_output(sandbox.task_run(run, "late").run_id or 0).as_dict()
    assert output["alert_output"] == {"alert_state": "TRIGGERED"}


def test_an_alert_task_whose_query_fails_fails(sandbox: Sandbox, alert_id: str) -> None:
    sandbox.play(statements=[{"statement": "select late*", "state": "FAILED", "error_message": "[NO_TABLE] none"}])
    run = sandbox.run_of(Task(task_key="late", alert_task=AlertTask(alert_id=alert_id)))
    assert sandbox.results(run) == {"late": "FAILED"}
    output = sandbox.client.jobs.get_run_output(sandbox.task_run(run, "late").run_id or 0)
    assert output.error == "[NO_TABLE] none"


def test_an_alert_task_without_its_alert_fails(sandbox: Sandbox) -> None:
    run = sandbox.run_of(Task(task_key="late", alert_task=AlertTask(alert_id="nowhere")))
    details = sandbox.task_run(run, "late").as_dict()["status"]["termination_details"]
    assert details["code"] == "RESOURCE_NOT_FOUND"
