"""Wait, then run the same again: for faults that pass by themselves."""

from __future__ import annotations

from diagnostics.models import Action, BundleSnapshot, Diagnosis, FixPlan
from knowledge.pattern import Applicability
from workspace.models import Evidence

NAME = "retry_later"

FIRST_WAIT_SECONDS = 30
LONGEST_WAIT_SECONDS = 300


def plan(diagnosis: Diagnosis, evidence: Evidence, snapshot: BundleSnapshot) -> FixPlan | None:  # noqa: ARG001 - a fixer
    """Propose to wait twice as long with each iteration; nothing for a fault that does not pass by itself.

    Beyond the pattern's `repeats` the same wait is proposed again, and one plan is never carried out twice.
    """
    if not diagnosis.transient:
        return None
    wait = min(evidence.iteration, diagnosis.repeats or evidence.iteration)
    seconds = min(FIRST_WAIT_SECONDS * 2 ** (wait - 1), LONGEST_WAIT_SECONDS)
    return FixPlan(
        code=diagnosis.code,
        fixer=NAME,
        title=f"Wait {seconds} seconds, then run again",
        reason=f"{diagnosis.title} It passes by itself, so nothing is changed.",
        applicability=Applicability.SAFE,
        actions=(Action(kind="wait", parameters={"seconds": str(seconds)}),),
    )
