"""Step 5, second half: carry a fix plan out in the working copy and on the workspace, as one step."""

from __future__ import annotations

import time
from pathlib import Path

from prefect import task

from diagnostics.models import FixPlan
from knowledge.pattern import Applicability
from operations.journal import Event
from operations.operation import Operation
from operations.records import AppliedFix
from tasks.plan_fix import ACTION
from tasks.retry_policies import NEVER
from tasks.toolbox import guard_of, journal_of, progress_of, records_of, require_not_stopped
from workspace.guard import Act
from workspace.working_copy import apply_edits, read_text_files

MAX_WAIT_SECONDS = 900


@task(task_run_name="apply fix to {key}", **NEVER)
def apply_fix(work: Operation, key: str, plan: FixPlan) -> tuple[str, ...]:
    """Edit the working copy as planned and wait where the plan says so.

    Returns:
        Keys of the resources that the plan wants to run first, in order.

    Raises:
        ApprovalRequiredError: the plan is not safe, and no unused answer allows exactly this plan.
        EditRefusedError: a file is not as the plan expects it.
    """
    require_not_stopped(work)
    if plan.applicability is not Applicability.SAFE:
        guard_of(work).require(Act(operation=work.id, resource=key, action=ACTION, digest=plan.digest))
    if plan.digest not in {fix.plan.digest for fix in records_of(work).fixes()}:
        records_of(work).save_fix(AppliedFix(resource=key, plan=plan))
    if plan.edits and not _is_applied(work, plan):
        apply_edits(Path(work.working_copy), plan.edits)
    for action in plan.actions:
        if action.kind == "wait":
            time.sleep(min(float(action.parameters["seconds"]), MAX_WAIT_SECONDS))
    return tuple(action.parameters["resource"] for action in plan.actions if action.kind == "run_resource")


def note_fix_applied(work: Operation, key: str, plan: FixPlan) -> None:
    """Note that a plan is carried out; only then does it count as tried, so that a crash in between repeats nothing."""
    iteration = progress_of(work, key).iterations
    journal_of(work).append(
        Event.FIX_APPLIED, key, iteration, digest=plan.digest, title=plan.title, diff=plan.diff, code=plan.code
    )


def _is_applied(work: Operation, plan: FixPlan) -> bool:
    files = read_text_files(Path(work.working_copy))
    return all(files.get(edit.path) == edit.after for edit in plan.edits)
