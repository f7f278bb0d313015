"""The retry and backoff policies of all tasks. Every task names exactly one of them.

The SDK client already retries dropped connections, 429 and 503 for 300 s, so these policies only cover what
outlives that: a few attempts, minutes apart, and only for errors that say they are transient.
"""

from __future__ import annotations

from typing import Any, Final, TypedDict

from prefect import Task
from prefect.cache_policies import NO_CACHE, CachePolicy
from prefect.client.schemas.objects import State, TaskRun

from workspace.errors import WorkspaceRequestError


class RetryPolicy(TypedDict):
    """Arguments of `@task` that a policy decides."""

    retries: int
    retry_delay_seconds: list[float]
    retry_jitter_factor: float
    retry_condition_fn: Any
    timeout_seconds: float | None
    cache_policy: CachePolicy
    persist_result: bool


def is_transient(_task: Task[Any, Any], _run: TaskRun, state: State[Any]) -> bool:
    """Retry only what may pass by itself: a workspace request that failed with a transient status."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, WorkspaceRequestError) and error.transient


def _policy(*, delays: list[float], timeout_seconds: float | None) -> RetryPolicy:
    return {
        "retries": len(delays),
        "retry_delay_seconds": delays,
        "retry_jitter_factor": 0.5,
        "retry_condition_fn": is_transient,
        "timeout_seconds": timeout_seconds,
        # The journal, not Prefect's cache, tells a resumed operation what is done.
        "cache_policy": NO_CACHE,
        "persist_result": False,
    }


READ: Final = _policy(delays=[10, 30, 90], timeout_seconds=1200)
"""Looks at the workspace and changes nothing."""

IDEMPOTENT_WRITE: Final = _policy(delays=[10, 30, 90], timeout_seconds=1200)
"""Changes something, but a second call finds it done: run-now with a token, a lock of our own."""

WAIT: Final = _policy(delays=[30, 60], timeout_seconds=None)
"""Waits for a run; has its own time limit and is attached to the same run again after an error."""

NEVER: Final = _policy(delays=[], timeout_seconds=None)
"""Never repeated by itself: deploys, edits, destructive acts. What they call, and the wait for a lock, has time limits
of its own; one more here would cut off a longer one that was set on purpose."""

LOCAL: Final = _policy(delays=[], timeout_seconds=300)
"""Touches only this machine: a repetition would fail in the same way."""

ASK: Final = _policy(delays=[], timeout_seconds=None)
"""Waits for a person; the question has its own deadline."""

POLICIES: Final = (READ, IDEMPOTENT_WRITE, WAIT, NEVER, LOCAL, ASK)
"""All policies. They are no tags: Prefect asks its server for a concurrency slot for every tagged task run."""
