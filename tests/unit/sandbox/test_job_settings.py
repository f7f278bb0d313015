from __future__ import annotations

from typing import Any

import pytest

from sandbox.errors import ApiError
from sandbox.job_settings import checked_settings


def task(key: str = "a", **fields: Any) -> dict[str, Any]:
    return {"task_key": key, "notebook_task": {"notebook_path": "/Shared/a"}} | fields


def other(kind: str, **body: Any) -> dict[str, Any]:
    return {"task_key": "a", kind: body}


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ([{"task_key": "a"}], "must have a task type"),
        ([task(sql_task={"warehouse_id": "w"})], "must have one task type only"),
        ([task(notebook_task={"source": "WORKSPACE"})], "Missing required field"),
        ([task(), task()], "Duplicate task keys"),
        ([task(depends_on=[{"task_key": "b"}])], "no task of the job"),
        ([task(depends_on=[{"task_key": "a"}])], "task 'a' can not reference itself"),
        ([task(depends_on=[{"task_key": "b"}]), task("b", depends_on=[{"task_key": "a"}])], "form a cycle"),
        ([task(), task("b", depends_on=[{"task_key": "a", "outcome": "true"}])], "which is no condition_task"),
        ([task(job_cluster_key="x")], "Job cluster 'x' is not defined in field 'job_clusters'"),
        ([other("spark_python_task", python_file="/a.py")], "environment_key is required"),
        ([other("condition_task", op="LIKE", left="", right="")], "unknown operator: LIKE"),
        ([other("condition_task", op="EQUAL_TO", left="x")], "Missing required field: tasks.a..condition_task.right"),
        ([other("sql_task", warehouse_id="w")], "must have one of file, query, alert, dashboard"),
        ([other("for_each_task", inputs="1, 2", task=task())], "inputs must be a JSON array"),
        ([other("for_each_task", inputs="[1]", task=task(), concurrency=101)], "concurrency must be between 1 and 100"),
        ([other("for_each_task", inputs="[1]", task=other("for_each_task", inputs="[1]", task=task()))], "nested"),
        ([task(notebook_task={"notebook_path": "/a", "base_parameters": {"x": "{{job.naem}}"}})], "job.naem"),
        ([task(environment_key="x")], "environment_key 'x' does not exist"),
        ([task(run_if="SOMETIMES")], "unknown run_if"),
    ],
)
def test_settings_that_cannot_run_are_refused(tasks: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ApiError, match=message) as refused:
        checked_settings({"tasks": tasks})
    assert refused.value.error_code == "INVALID_PARAMETER_VALUE"


def test_settings_get_their_defaults() -> None:
    settings = checked_settings({"tasks": [task()]})
    assert (settings["name"], settings["max_concurrent_runs"], settings["format"]) == ("Untitled", 1, "MULTI_TASK")


def test_references_that_are_known_or_no_references_at_all_are_accepted() -> None:
    known = "{{job.start_time.iso_date}} {{tasks.a.values.x.y}} {{job.parameters.`a-b`}} {{input.name}} {{ x | upper }}"
    body = {"notebook_path": "/Shared/a", "base_parameters": {"text": known}}
    assert checked_settings({"tasks": [task(notebook_task=body)]})["tasks"]
