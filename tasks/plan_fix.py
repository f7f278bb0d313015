"""Step 5, first half: what would repair it? A plan is data; whether it may be applied is decided here, by policy."""

from __future__ import annotations

from collections.abc import Mapping

from prefect import task

from diagnostics.models import Diagnosis, FixPlan
from diagnostics.planning import plan_fix as propose
from knowledge.pattern import Applicability
from operations.approvals import rejected_digests
from operations.attempt_markdown import failure_lines
from operations.daily_limits import over_daily_limits
from operations.ends import BUNDLE, QuestionDraft
from operations.journal import Event
from operations.operation import Heal, Operation
from operations.plain_text import code_span, fenced, for_markdown
from operations.standing import Attempt, ResourceStatus
from tasks.question_events import is_allowed
from tasks.retry_policies import LOCAL
from tasks.toolbox import journal_of, progress_of, questions_of, records_of, snapshot_of
from workspace.models import Evidence

ACTION = "apply_fix"


@task(task_run_name="plan fix of {evidence.about} #{evidence.iteration}", **LOCAL)
def plan_fix(work: Operation, evidence: Evidence, diagnoses: tuple[Diagnosis, ...]) -> FixPlan | None:
    """Ask the fixers for a plan for the likeliest diagnosis; None when there is none, or nothing may be healed here."""
    key = evidence.resource or BUNDLE
    snapshot = snapshot_of(work)
    mode = work.heal_mode(production=snapshot.resolved.is_production)
    if mode == "off" or evidence.unproven or work.limits.excludes(key):
        return None
    done = progress_of(work, key).tried | rejected_digests(questions_of(work), work.id, key)
    plan = _unfinished(work, key, done, snapshot.files)
    if plan is None:
        plan = propose(diagnoses[0], evidence, snapshot, done)
        if plan is None or _is_done_already(work, plan):
            return None
    plan = _as_policy_says(work, mode, plan)
    if plan.digest in done:
        return None
    shown = plan.model_dump(mode="json", exclude={"edits"}) | {"diff": plan.diff}
    journal_of(work).append(Event.FIX_PLANNED, key, evidence.iteration, plan=shown, digest=plan.digest)
    return plan


def may_apply(work: Operation, key: str, plan: FixPlan) -> bool:
    """Tell whether a plan may be applied now: it is safe, or a person approved exactly this plan."""
    if plan.applicability is Applicability.SAFE:
        return True
    return plan.applicability is Applicability.NEEDS_APPROVAL and is_allowed(work, approval_question(work, key, plan))


def approval_question(work: Operation, key: str, plan: FixPlan, failed: Attempt | None = None) -> QuestionDraft:
    """Return the question whether exactly this plan may be applied, with what failed if that is told."""
    actions = [f"- {action.kind} {code_span(' '.join(action.parameters.values()))}" for action in plan.actions]
    parts = [for_markdown(plan.reason), *actions]
    if plan.edits:
        parts.append(fenced(plan.diff, "diff"))
    parts.append(
        f"Approved, exactly this is done once: in the operation's own copy of the bundle, which is then deployed to "
        f"{code_span(work.target)} and run again. Without an approval nothing is changed."
    )
    if failed is not None:
        parts += ["## What failed", *failure_lines(failed)]
    return QuestionDraft(
        resource=key,
        kind="approval",
        title=f"{key} on {work.target}: {plan.title}",
        body="\n\n".join(parts),
        action=ACTION,
        digest=plan.digest,
    )


def _as_policy_says(work: Operation, mode: Heal, plan: FixPlan) -> FixPlan:
    """Let a person decide about a safe plan where the target's policy wants that, or a day's limit is reached."""
    if plan.applicability is not Applicability.SAFE:
        return plan
    limit = over_daily_limits(work, plan)
    if mode != "propose" and not limit:
        return plan
    reason = f"{plan.reason} {limit}".rstrip()
    return plan.model_copy(update={"applicability": Applicability.NEEDS_APPROVAL, "reason": reason})


def _is_done_already(work: Operation, plan: FixPlan) -> bool:
    """Tell whether a plan only runs what this operation has verified already: doing it again would change nothing."""
    upstream = [action.parameters["resource"] for action in plan.actions if action.kind == "run_resource"]
    verified = [key for key in upstream if progress_of(work, key).status is ResourceStatus.VERIFIED]
    return bool(upstream) and not plan.edits and verified == upstream


def _unfinished(work: Operation, key: str, done: frozenset[str], files: Mapping[str, str]) -> FixPlan | None:
    """Return the plan that a crash interrupted: it was recorded before its first edit, but never noted as applied.

    A plan whose files a person has changed since then no longer fits and is forgotten.
    """
    fixes = [fix.plan for fix in records_of(work).fixes() if fix.resource == key]
    if not fixes or fixes[-1].digest in done:
        return None
    fits = all(files.get(edit.path) in {edit.before, edit.after} for edit in fixes[-1].edits)
    return fixes[-1] if fits else None
