"""Step 4b, last: what is it, why, how sure, and what kind of fix does it need?"""

from __future__ import annotations

from prefect import task

from diagnostics.diagnose import diagnose
from diagnostics.models import Diagnosis
from knowledge.registry import load_registry
from operations.ends import BUNDLE
from operations.journal import Event
from operations.operation import Operation
from tasks.retry_policies import LOCAL
from tasks.toolbox import journal_of, snapshot_of
from workspace.models import Evidence


@task(task_run_name="diagnose {evidence.about} #{evidence.iteration}", **LOCAL)
def diagnose_failure(work: Operation, evidence: Evidence) -> tuple[Diagnosis, ...]:
    """Match the evidence with the known patterns; the first diagnosis is the likeliest, and there is always one."""
    key = evidence.resource or BUNDLE
    if evidence.resource is None:
        journal_of(work).append(Event.EVIDENCE_COLLECTED, key, evidence.iteration, evidence=evidence)
    diagnoses = diagnose(evidence, snapshot_of(work), load_registry())
    journal_of(work).append(
        Event.FAILURE_DIAGNOSED, key, evidence.iteration, diagnosis=diagnoses[0], others=list(diagnoses[1:4])
    )
    return diagnoses
