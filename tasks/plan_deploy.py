"""Step 1, middle: what would a deploy do? The plan is kept, and exactly it is deployed."""

from __future__ import annotations

from prefect import task

from operations.ends import BUNDLE
from operations.journal import Event
from operations.operation import Operation
from tasks.cli_evidence import cli_evidence
from tasks.retry_policies import NEVER
from tasks.toolbox import cli_of, journal_of, progress_of, records_of
from workspace.models import DeployPlan, Evidence, Model, Surface


class PlannedDeploy(Model):
    """Either the plan of a deploy, or the evidence of why there is none."""

    plan: DeployPlan | None = None
    evidence: Evidence | None = None


@task(task_run_name="plan deploy", **NEVER)
def plan_deploy(work: Operation) -> PlannedDeploy:
    """Run `bundle plan -o json`; it finds dangling references, which validate does not."""
    outcome = cli_of(work).plan(save_to=records_of(work).deploy_plan_file)
    if outcome.plan is None:
        iteration = progress_of(work, BUNDLE).iterations + 1
        return PlannedDeploy(evidence=cli_evidence(work, outcome, Surface.PLAN, iteration))
    journal_of(work).append(Event.DEPLOY_PLANNED, plan=outcome.plan)
    return PlannedDeploy(plan=outcome.plan)
