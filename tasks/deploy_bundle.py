"""Step 1, second half: deploy the plan. What it deletes or recreates needs an answer first, used up right here."""

from __future__ import annotations

from pathlib import Path

from prefect import task

from operations.ends import BUNDLE, QuestionDraft, ResourceEnd
from operations.journal import Event
from operations.operation import Operation
from tasks.cli_evidence import cli_evidence
from tasks.inventory_losses import destructive_deploy_question, losses_of_deploy
from tasks.left_lock import force_question, left_lock, lock_digest
from tasks.lock_target import require_lock
from tasks.question_events import is_allowed, settle_questions
from tasks.retry_policies import NEVER
from tasks.toolbox import cli_of, guard_of, journal_of, progress_of, records_of, require_not_stopped
from workspace.deploy_lock import DeployLock
from workspace.guard import Act, DestructiveAction, Permission
from workspace.models import DeployPlan, Evidence, Surface
from workspace.resolved import resolved_bundle

ACTION = DestructiveAction.DEPLOY_PLAN


@task(task_run_name="deploy bundle", **NEVER)
def deploy_bundle(work: Operation, plan: DeployPlan) -> Evidence | None:
    """Deploy exactly this plan and read back ids and URLs.

    Returns:
        The evidence of what failed, None when the bundle is deployed.

    Raises:
        ApprovalRequiredError: the plan deletes or recreates something and no answer allows exactly that.
        PlanChangedError: bundle or workspace changed since the plan was made.
    """
    require_lock(work)
    require_not_stopped(work)
    act = Act(operation=work.id, resource=BUNDLE, action=ACTION, digest=plan.digest)
    lock = left_lock(work)
    journal_of(work).append(Event.DEPLOY_STARTED, digest=plan.digest)
    cli = cli_of(work)
    force_lock = _force(work, lock) if lock else None
    outcome = cli.deploy(records_of(work).deploy_plan_file, Permission(guard_of(work), act), force_lock=force_lock)
    if not outcome.ok:
        return cli_evidence(work, outcome, Surface.DEPLOY, progress_of(work, BUNDLE).iterations + 1)
    validated = cli.validate()
    bundle = resolved_bundle(validated.document or {}, Path(work.working_copy), cli.summary())
    records_of(work).save_bundle(bundle)
    journal_of(work).append(
        Event.BUNDLE_DEPLOYED,
        digest=plan.digest,
        changes=len(plan.changes),
        resources={resource.key: resource.url or "" for resource in bundle.resources},
    )
    settle_questions(work, BUNDLE, "the bundle is deployed")
    return None


def question_before_deploy(work: Operation, plan: DeployPlan) -> QuestionDraft | None:
    """Return the question that a deploy has to ask first; None when there is none, or each has its approval."""
    lock = left_lock(work)
    if lock and not is_allowed(work, force := force_question(work, lock)):
        return force
    if plan.destructive and not is_allowed(work, destructive_deploy_question(work, plan)):
        return destructive_deploy_question(work, plan, losses_of_deploy(work, plan))
    return None


def _force(work: Operation, lock: DeployLock) -> Permission:
    act = Act(operation=work.id, resource=BUNDLE, action=DestructiveAction.FORCE_LOCK, digest=lock_digest(lock))
    return Permission(guard_of(work), act)


def hold_deploy(work: Operation, end: ResourceEnd) -> None:
    """Note that the next deploy waits for a person, so that the siblings of the layer still run to their end."""
    reason = end.question.title if end.question else "the bundle is invalid"
    journal_of(work).append(Event.DEPLOY_HELD, BUNDLE, reason=reason)
