from __future__ import annotations

from typing import Any

import pytest

from sandbox.errors import ApiError
from sandbox.job_settings import checked_settings


def task(key: str = "a", **fields: Any) -> dict[str, Any]:
    return {"task_key": key, "notebook_task": {"notebook_path": "/Shared/a"}} | fields


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ([{"task_key": "a"}], "must have a task type"),
        ([task(sql_task={"warehouse_id": "w"})], "must have one task type only"),
        ([task(notebook_task={"source": "WORKSPACE"})], "Missing required field"),
        ([task(), task()], "Duplicate task keys"),
        ([task(depends_on=[{"task_key": "b"}])], "no task of the job"),
        ([task(depends_on=[{"task_key": "a"}])], "form a cycle"),
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
