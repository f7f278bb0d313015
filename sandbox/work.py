"""From the result of one attempt of a task to its state and output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.compute import TaskResult
from sandbox.records import RunState
from sandbox.task_types import task_type

FAILED_MESSAGE = "Workload failed, see run output for details"
_LIMIT = 5_000_000
"""Characters of an exit value or of logs that the API returns."""
_WITH_LOGS = ("spark_jar_task", "spark_python_task", "python_wheel_task")
"""The API returns what a task printed for these types only; of a notebook it has the exit value and the error."""


def state_of(result: TaskResult) -> RunState:
    """State of a task run that compute brought to its end."""
    if result.state == "SUCCESS":
        return RunState(life_cycle_state="TERMINATED", result_state="SUCCESS", code="SUCCESS")
    if result.state == "INTERNAL_ERROR":
        message = result.message or result.error or "Could not reach driver of cluster."
        return RunState(
            life_cycle_state="INTERNAL_ERROR", result_state="FAILED", state_message=message, code="DRIVER_ERROR"
        )
    code, message = {
        "FAILED": ("RUN_EXECUTION_ERROR", FAILED_MESSAGE),
        "CANCELED": ("USER_CANCELED", "Run cancelled."),
        "TIMEDOUT": ("CANCELED", "Run timed out."),
    }[result.state]
    return RunState(
        life_cycle_state="TERMINATED",
        result_state=result.state,
        state_message=result.message or message,
        code=code,
    )


def output_of(result: TaskResult, definition: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of `runs/get-output` for a task that compute brought to its end."""
    output: dict[str, Any] = {}
    if definition.get("notebook_task") is not None:
        output["notebook_output"] = _notebook_output(result.exit_value)
    elif definition.get("sql_task") is not None:
        warehouse = definition["sql_task"].get("warehouse_id")
        output["sql_output"] = {"query_output": {"warehouse_id": warehouse}} if warehouse else {}
    if result.logs and task_type(dict(definition)) in _WITH_LOGS:
        output |= {"logs": result.logs[-_LIMIT:], "logs_truncated": len(result.logs) > _LIMIT}
    if result.error is not None:
        output["error"] = result.error
    if result.error_trace is not None:
        output["error_trace"] = result.error_trace
    return output


def _notebook_output(exit_value: str | None) -> dict[str, Any]:
    if exit_value is None:
        return {}
    return {"result": exit_value[:_LIMIT], "truncated": len(exit_value) > _LIMIT}
