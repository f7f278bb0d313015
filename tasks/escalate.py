"""Step 7: stop on this resource, write down everything that is known, and prepare the question for a person."""

from __future__ import annotations

import hashlib

from prefect import task

from diagnostics.models import FixPlan
from knowledge.pattern import Applicability
from operations.ends import BUNDLE, QuestionDraft, ResourceEnd
from operations.escalation import escalation_report
from operations.journal import Event
from operations.operation import Operation
from operations.plain_text import fenced
from operations.standing import Attempt
from tasks.plan_fix import approval_question
from tasks.retry_policies import LOCAL
from tasks.start_run import attempts_left
from tasks.toolbox import journal_of, progress_of
from workspace.models import Surface


@task(task_run_name="escalate {key}", **LOCAL)
def escalate(work: Operation, key: str, plan: FixPlan | None) -> ResourceEnd:
    """Return the end of a resource that cannot go on alone, with the question that a person is asked.

    A plan that needs approval becomes an approval question; anything else an escalation with the whole story. A bundle
    that is invalid asks nobody: its files have to be corrected, and nothing was deployed.
    """
    seen = progress_of(work, key)
    last = seen.attempts[-1] if seen.attempts else None
    reason = _reason(work, key, last, plan)
    journal_of(work).append(Event.RESOURCE_ESCALATED, key, seen.iterations, reason=reason)
    if key == BUNDLE and last and last.evidence and last.evidence.surface is Surface.VALIDATE and plan is None:
        return ResourceEnd(key=key, verified=False)
    if plan is not None and plan.applicability is Applicability.NEEDS_APPROVAL:
        return ResourceEnd(key=key, verified=False, question=approval_question(work, key, plan, last))
    report = escalation_report(work, journal_of(work).events(), key)
    shown = f"\n\nThis fix is only proposed, it is not applied:\n\n{fenced(plan.diff, 'diff')}" if plan else ""
    question = QuestionDraft(
        resource=key,
        kind="escalation",
        title=f"{key} on {work.target}: {reason}",
        body=report + shown,
        action="escalation",
        digest=hashlib.sha256(f"{work.id}:{key}:{seen.iterations}".encode()).hexdigest(),
    )
    return ResourceEnd(key=key, verified=False, question=question)


def _reason(work: Operation, key: str, last: Attempt | None, plan: FixPlan | None) -> str:
    code = last.diagnoses[0].code if last and last.diagnoses else "unknown-error"
    if plan is not None and plan.applicability is Applicability.NEEDS_APPROVAL:
        return f"{code}: the fix needs approval"
    if last and last.evidence and last.evidence.unproven:
        return "the run succeeded, but what it says of itself could not be read; it is not run again by itself"
    if work.limits.excludes(key):
        return f"{code}: it is excluded from healing"
    if attempts_left(work, key) <= 0:
        return f"{code}: still failing after {work.limits.max_iterations} iterations"
    return f"{code}: no safe fix is known"
