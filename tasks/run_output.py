"""What the tasks of a run left behind, for a person who asks; the run may still be active."""

from __future__ import annotations

from workspace.errors import UsageError
from workspace.models import TaskOutput
from workspace.sdk import connect
from workspace.services import jobs
from workspace.settings import settings


def run_output(run_id: str, task: str | None = None) -> tuple[TaskOutput, ...]:
    """Return the outputs of the tasks that have ended, child runs followed.

    Raises:
        UsageError: the id is none, or no ended task has this key.
        WorkspaceRequestError: the run cannot be read.
    """
    if not (run_id.isdecimal() and run_id.isascii() and len(run_id) <= 20):
        raise UsageError(f"{run_id!r} is no run id: ids are digits, as in the run page's address .../runs/123.")
    found = jobs.outputs_of_run(connect(settings().profile), run_id)
    if task is None:
        return found
    chosen = tuple(one for one in found if one.task_key == task or one.task_key.startswith(f"{task}/"))
    if not chosen:
        known = ", ".join(one.task_key for one in found) or "none"
        raise UsageError(f"Run {run_id} has no ended task {task!r}. Those that have ended: {known}.")
    return chosen
