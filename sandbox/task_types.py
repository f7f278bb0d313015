"""The types of task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TASK_TYPES = (
    "notebook_task",
    "sql_task",
    "run_job_task",
    "pipeline_task",
    "spark_python_task",
    "python_wheel_task",
    "spark_jar_task",
    "dbt_task",
    "condition_task",
    "for_each_task",
    "dashboard_task",
    "alert_task",
)


def task_type(task: Mapping[str, Any]) -> str | None:
    """The field that says what a task does."""
    return next((name for name in TASK_TYPES if task.get(name) is not None), None)
