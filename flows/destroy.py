"""Remove a bundle from a target: list what is lost, ask, destroy, verify, report."""

from __future__ import annotations

from typing import Any

from prefect import State, flow

from flows.names import name_with
from operations.ends import LayerEnd
from operations.operation import Operation
from tasks.act_on_answers import act_on_answers
from tasks.ask_person import ask_person
from tasks.conclude_destroy import conclude_destroy
from tasks.conclude_operation import as_state
from tasks.destroy_bundle import destroy_deployed, may_destroy
from tasks.discover_bundle import discover_bundle
from tasks.fetch_bundle import GitSource, fetch_bundle
from tasks.hold_operation import hold_operation
from tasks.inventory_losses import destroy_question, inventory_losses
from tasks.open_operation import open_operation
from tasks.use_credentials import use_credentials
from tasks.validate_bundle import validate_bundle
from tasks.verify_destroyed import verify_destroyed


@flow(name="destroy-bundle", flow_run_name=name_with("destroy"))
def destroy_bundle(
    bundle: str,
    target: str = "dev",
    operation: str | None = None,
    *,
    dry_run: bool = False,
    git: GitSource | None = None,
    credentials: str | None = None,
) -> State[Any]:
    """Delete everything that a bundle has deployed to a target, after a person approved exactly that.

    Args:
        bundle: Folder of the bundle (with its databricks.yml); its name when it comes from git.
        target: Target of the bundle.
        operation: Id of an operation to go on with; a new one starts without it.
        dry_run: List what would be lost; ask nothing and destroy nothing.
        git: Where the bundle is fetched from.
        credentials: Name of a DatabricksCredentials block, or profile:NAME; the environment without it.
    """
    use_credentials(credentials)
    work = open_operation(fetch_bundle(bundle, git), target, operation, dry_run=dry_run, kind="destroy")
    with hold_operation(work):
        discover_bundle(work)
        # A bundle that only has faults can be destroyed all the same; one that cannot be loaded ends here.
        validate_bundle(work)
        return as_state(conclude_destroy(work, take_down(work)))


def take_down(work: Operation) -> LayerEnd:
    """List, ask and destroy until nothing is left, or until a person or a failure ends it."""
    while True:
        losses = inventory_losses(work)
        if losses.nothing_left or work.dry_run:
            if losses.nothing_left:
                verify_destroyed(work)
            return LayerEnd.PASSED
        if not may_destroy(work, losses):
            decision = act_on_answers(work, ask_person(work, [destroy_question(losses)]), [])
            if decision.end is not LayerEnd.PASSED:
                return decision.end
        if destroy_deployed(work, losses):
            verify_destroyed(work)
            return LayerEnd.PASSED
