"""Which task runs are tried again, and when."""

from __future__ import annotations

from sandbox.records import TaskRecord, now_ms


def wants_retry(task: TaskRecord) -> bool:
    """Whether a task run that has ended is to be tried again; retries are counted anew in each repair."""
    retried = {"FAILED"} | ({"TIMEDOUT"} if task.definition.get("retry_on_timeout") else set())
    limit = task.definition.get("max_retries") or 0
    return (limit < 0 or task.retries < limit) and task.state.result_state in retried


def retry_delay_ms(task: TaskRecord) -> int:
    """How long to wait: the interval counts from the start of the attempt that failed."""
    interval = int(task.definition.get("min_retry_interval_millis") or 0)
    return max(0, (task.start_time or task.created_time) + interval - now_ms()) if interval else 0
