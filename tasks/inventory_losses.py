"""What would be lost: everything that a destroy deletes, with rows, sizes, and who depends on it."""

from __future__ import annotations

from prefect import task

from diagnostics.lineage import table_uses
from operations.ends import BUNDLE, QuestionDraft
from operations.journal import Event
from operations.losses_markdown import deploy_question, losses_question
from operations.operation import Operation
from tasks.retry_policies import READ
from tasks.toolbox import cli_of, journal_of, records_of, snapshot_of
from workspace.guard import DestructiveAction
from workspace.losses import Losses
from workspace.models import DeployPlan
from workspace.sdk import connect
from workspace.services.inventory import deployed_resources, take_inventory, with_figures


@task(task_run_name="list what would be lost", **READ)
def inventory_losses(work: Operation) -> Losses:
    """List what is deployed and the data that goes with it, and write it into the journal.

    Raises:
        BundleInvalidError: the CLI cannot tell what is deployed.
        WorkspaceRequestError: the workspace refused to tell.
    """
    losses = with_figures(connect(work.profile), what_is_there(work))
    journal_of(work).append(Event.LOSSES_LISTED, losses=losses, digest=losses.digest)
    return losses


@task(task_run_name="list what the deploy would delete", **READ)
def losses_of_deploy(work: Operation, plan: DeployPlan) -> Losses:
    """List what a deploy would delete or recreate, and the data that goes with it.

    Raises:
        OperatorError: the CLI cannot tell what is deployed, or the workspace refused to tell.
    """
    client, bundle = connect(work.profile), records_of(work).bundle()
    gone = {change.resource for change in plan.destructive}
    deployed = deployed_resources(client, bundle, cli_of(work).summary(), plan)
    lost = tuple(one for one in deployed if one.key in gone)
    return with_figures(client, take_inventory(client, bundle, lost, _written(work)))


def what_is_there(work: Operation) -> Losses:
    """Return what a destroy would delete now, without figures: quick enough for a last look right before it."""
    client, cli, bundle = connect(work.profile), cli_of(work), records_of(work).bundle()
    planned = cli.plan()  # first, because it takes in what a killed deploy wrote down in the working copy only
    deployed = deployed_resources(client, bundle, cli.summary(), planned.plan)
    return take_inventory(client, bundle, deployed, _written(work))


def _written(work: Operation) -> dict[str, tuple[str, ...]]:
    """Return the names of the tables that each pipeline's source creates."""
    uses = table_uses(snapshot_of(work))
    return {key: use.creates for key, use in uses.items() if key.startswith("pipelines.")}


def destroy_question(losses: Losses) -> QuestionDraft:
    """Return the question whether exactly this may be destroyed."""
    return QuestionDraft(
        resource=BUNDLE,
        kind="approval",
        title=f"Destroy everything that is deployed to {losses.target}: {len(losses.resources)} resources",
        body=losses_question(losses),
        action=DestructiveAction.DESTROY_BUNDLE,
        digest=losses.digest,
        on_silence="Nothing is destroyed without an answer: the operation ends and can be resumed.",
    )


def destructive_deploy_question(work: Operation, plan: DeployPlan, losses: Losses | None = None) -> QuestionDraft:
    """Return the question whether exactly this plan may be deployed, with what is lost if that is told."""
    return QuestionDraft(
        resource=BUNDLE,
        kind="approval",
        title=f"Deploy deletes or recreates {len(plan.destructive)} resource(s) on {work.target}",
        body=deploy_question(work.target, plan.destructive, losses),
        action=DestructiveAction.DEPLOY_PLAN,
        digest=plan.digest,
        on_silence="Nothing is deployed without an answer: the operation ends and can be resumed.",
    )
