"""Destroy what a bundle has deployed: exactly what a person approved, once, after a last look."""

from __future__ import annotations

from prefect import task

from operations.ends import BUNDLE
from operations.journal import Event
from operations.operation import Operation
from tasks.inventory_losses import destroy_question, what_is_there
from tasks.lock_target import require_lock
from tasks.question_events import is_allowed
from tasks.retry_policies import NEVER
from tasks.toolbox import cli_of, guard_of, journal_of, require_not_stopped
from workspace.cli import failure_of
from workspace.guard import Act, DestructiveAction, Permission
from workspace.losses import Losses


@task(task_run_name="destroy bundle", **NEVER)
def destroy_deployed(work: Operation, losses: Losses) -> bool:
    """Destroy exactly this; the adapter uses the approval up right before the CLI starts.

    Returns:
        False when something was added or is gone since it was listed: then nothing was done, and the approval is void.

    Raises:
        ApprovalRequiredError: nobody approved exactly this, or the approval is used or too old.
        DeployLockedError: the target is no longer ours.
    """
    journal = journal_of(work)
    if what_is_there(work).digest != losses.digest:
        journal.append(Event.NOTE, text="What is deployed changed since it was listed, so nothing was destroyed.")
        return False
    require_lock(work)
    require_not_stopped(work)
    act = Act(operation=work.id, resource=BUNDLE, action=DestructiveAction.DESTROY_BUNDLE, digest=losses.digest)
    journal.append(Event.DESTROY_STARTED, BUNDLE, digest=losses.digest)
    outcome = cli_of(work).destroy(Permission(guard_of(work), act))
    error = "" if outcome.ok else str(failure_of(outcome, "destroying the bundle"))
    journal.append(Event.DESTROY_ENDED, BUNDLE, ok=outcome.ok, exit_code=outcome.exit_code, error=error)
    return True


def may_destroy(work: Operation, losses: Losses) -> bool:
    """Tell whether a person approved exactly this and the approval is unused; the guard looks again."""
    return is_allowed(work, destroy_question(losses))
