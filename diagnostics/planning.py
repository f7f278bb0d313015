"""From a diagnosis to a fix plan: ask the fixer, keep the stricter applicability, never propose the same twice."""

from __future__ import annotations

from diagnostics import fixers
from diagnostics.models import BundleSnapshot, Diagnosis, FixPlan
from knowledge.pattern import Applicability
from workspace.models import Evidence

_STRICTNESS = (Applicability.SAFE, Applicability.NEEDS_APPROVAL, Applicability.MANUAL)


def plan_fix(
    diagnosis: Diagnosis, evidence: Evidence, snapshot: BundleSnapshot, tried: frozenset[str]
) -> FixPlan | None:
    """Return the fix plan for a diagnosis, or None when there is none that was not tried before.

    Args:
        diagnosis: what was found; its fixer is asked.
        evidence: what it was found in.
        snapshot: the bundle as it is now.
        tried: digests of the plans that this operation has carried out already.
    """
    if diagnosis.fixer is None or diagnosis.fixer not in fixers.names():
        return None
    plan = fixers.find(diagnosis.fixer).plan(diagnosis, evidence, snapshot)
    if plan is None:
        return None
    strict = max((plan.applicability, diagnosis.applicability), key=_STRICTNESS.index)
    plan = plan.model_copy(update={"applicability": strict})
    return None if plan.digest in tried else plan
