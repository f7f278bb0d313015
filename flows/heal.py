"""Healing as plain control flow: run, verify; on failure collect, diagnose, fix and run again, three times at most."""

from __future__ import annotations

from diagnostics.models import FixPlan
from operations.ends import BUNDLE, LayerEnd, QuestionDraft, ResourceEnd
from operations.operation import Operation
from tasks.act_on_answers import act_on_answers
from tasks.apply_fix import apply_fix, note_fix_applied
from tasks.ask_person import ask_person
from tasks.collect_evidence import collect_evidence
from tasks.deploy_bundle import deploy_bundle, hold_deploy, question_before_deploy
from tasks.diagnose_failure import diagnose_failure
from tasks.escalate import escalate
from tasks.plan_deploy import plan_deploy
from tasks.plan_fix import may_apply, plan_fix
from tasks.start_ahead import let_runs_end
from tasks.start_run import attempts_left, may_run, settled_end, start_run
from tasks.validate_bundle import validate_bundle
from tasks.verify_resource import is_verified_only, verify_resource
from tasks.verify_run import verify_run
from tasks.wait_for_run import wait_for_run
from workspace.models import Evidence


def bring_up(work: Operation, key: str, healing: tuple[str, ...] = ()) -> ResourceEnd:
    """Run one resource until it is verified or a person has to decide.

    Args:
        work: The operation.
        key: Resource key.
        healing: Resources that wait for this one; none of them is entered again.
    """
    end = settled_end(work, key)
    while end is None:
        held = None if may_run(work) else redeploy(work)
        if held is not None:
            return held
        evidence = run_once(work, key)
        if evidence is None:
            return ResourceEnd(key=key, verified=True)
        diagnoses = diagnose_failure(work, evidence)
        plan = plan_fix(work, evidence, diagnoses) if attempts_left(work, key) > 0 else None
        if plan is None or not may_apply(work, key, plan):
            return escalate(work, key, plan)
        end = carry_out(work, key, plan, (*healing, key))
    return end


def run_once(work: Operation, key: str) -> Evidence | None:
    """Start a resource, wait for its end and verify it; return what failed, None when it is verified.

    What never runs, as a dashboard, is only verified.
    """
    if is_verified_only(key):
        return verify_resource(work, key)
    started = start_run(work, key)
    if isinstance(started, Evidence):
        return started
    outcome = wait_for_run(work, started)
    verdict = verify_run(work, outcome)
    return None if verdict.verified else collect_evidence(work, outcome, verdict)


def carry_out(work: Operation, key: str, plan: FixPlan, healing: tuple[str, ...]) -> ResourceEnd | None:
    """Apply a fix plan and run what has to run first; return the end that blocks the resource, if any."""
    for upstream in apply_fix(work, key, plan):
        end = bring_up(work, upstream, healing) if upstream not in healing else None
        if end is None or end.skipped:
            return escalate(work, key, None)
        if not end.verified:
            return end
    note_fix_applied(work, key, plan)
    return None


def put_in_place(work: Operation) -> bool:
    """Deploy the bundle; what needs a person is asked at once, because nothing can go on before. True when deployed."""
    while (end := redeploy(work)) is not None:
        if not ask_about_bundle(work, end):
            return False
    return True


def redeploy(work: Operation) -> ResourceEnd | None:
    """Validate, plan and deploy the bundle, and repair its files as far as that is safe; return what prevents it."""
    let_runs_end(work)
    while True:
        step = deploy_once(work)
        if step is None:
            return None
        end = ask_first(step) if isinstance(step, QuestionDraft) else repair_bundle(work, step)
        if end is not None:
            hold_deploy(work, end)
            return end


def deploy_once(work: Operation) -> Evidence | QuestionDraft | None:
    """Validate, plan and deploy one time; return what failed, or what has to be asked first, None when it is done."""
    invalid = validate_bundle(work)
    if invalid is not None:
        return invalid
    planned = plan_deploy(work)
    if planned.plan is None or work.dry_run:
        return planned.evidence
    return question_before_deploy(work, planned.plan) or deploy_bundle(work, planned.plan)


def repair_bundle(work: Operation, evidence: Evidence) -> ResourceEnd | None:
    """Repair the bundle's files after a failed validate, plan or deploy; return the end when that is not possible."""
    diagnoses = diagnose_failure(work, evidence)
    plan = plan_fix(work, evidence, diagnoses) if attempts_left(work, BUNDLE) > 0 else None
    if plan is None or work.dry_run or not may_apply(work, BUNDLE, plan):
        return escalate(work, BUNDLE, plan)
    apply_fix(work, BUNDLE, plan)
    note_fix_applied(work, BUNDLE, plan)
    return None


def ask_first(question: QuestionDraft) -> ResourceEnd:
    """Return the end of a deploy that must not go on without an answer."""
    return ResourceEnd(key=BUNDLE, verified=False, question=question)


def ask_about_bundle(work: Operation, end: ResourceEnd) -> bool:
    """Ask the one question about the bundle itself and act on the answer; True when the deploy is to be tried again."""
    if end.question is None or work.dry_run:
        return False
    decision = act_on_answers(work, ask_person(work, [end.question]), [BUNDLE])
    return decision.end is LayerEnd.PASSED
