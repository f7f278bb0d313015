"""Step 2, first: which resources run, in which order, and why."""

from __future__ import annotations

from prefect import task

from diagnostics.lineage import table_uses
from operations.journal import Event
from operations.operation import Operation
from operations.planning.levels import Level
from operations.run_plan import RunPlan
from operations.run_plan import plan_resources as plan_of
from tasks.retry_policies import LOCAL
from tasks.toolbox import journal_of, records_of, snapshot_of


@task(task_run_name="plan resources", **LOCAL)
def plan_resources(work: Operation) -> RunPlan:
    """Plan the jobs of the operation's level and the pipelines of the bundle by layer."""
    snapshot = snapshot_of(work)
    plan = plan_of(snapshot.resolved, table_uses(snapshot), Level(work.limits.level))
    records_of(work).save_plan(plan)
    journal_of(work).append(
        Event.RESOURCES_PLANNED,
        resources=[resource.model_dump(mode="json") for resource in plan.resources],
        left_out=[one.model_dump(mode="json") for one in plan.left_out],
    )
    return plan
