"""Run the resource that makes what is missing. Which one it is was found by the diagnosis, from names or lineage."""

from __future__ import annotations

from diagnostics.models import Action, BundleSnapshot, Diagnosis, FixPlan
from knowledge.pattern import Applicability
from workspace.models import Evidence

NAME = "run_upstream_first"


def plan(diagnosis: Diagnosis, evidence: Evidence, snapshot: BundleSnapshot) -> FixPlan | None:
    """Propose to run the upstream resource; None when the bundle has no such resource, or it is the failed one."""
    upstream = diagnosis.objects.get("upstream", "")
    keys = {resource.key for resource in snapshot.resolved.resources}
    if upstream not in keys or upstream == evidence.resource:
        return None
    missing = diagnosis.objects.get("table") or diagnosis.objects.get("job") or "what the failed resource reads"
    return FixPlan(
        code=diagnosis.code,
        fixer=NAME,
        title=f"Run {upstream} first",
        reason=f"{diagnosis.title} {upstream} makes {missing}; nothing is changed.",
        applicability=Applicability.SAFE,
        actions=(Action(kind="run_resource", parameters={"resource": upstream}),),
    )
