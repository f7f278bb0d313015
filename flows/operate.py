"""The playbook as a flow: discover, validate, deploy, then layer by layer run, verify and heal; report at the end."""

from __future__ import annotations

from typing import Any

from prefect import State, flow

from flows.heal import bring_up, put_in_place
from flows.names import name_with
from operations.ends import LayerEnd
from operations.operation import Heal, Operation
from operations.run_plan import PlannedResource
from tasks.act_on_answers import act_on_answers
from tasks.ask_person import ask_person
from tasks.check_prerequisites import check_prerequisites
from tasks.conclude_operation import as_state, conclude_operation
from tasks.discover_bundle import discover_bundle
from tasks.fetch_bundle import GitSource, fetch_bundle
from tasks.hold_operation import hold_operation
from tasks.open_operation import open_operation
from tasks.plan_resources import plan_resources
from tasks.start_ahead import start_ahead
from tasks.use_credentials import use_credentials


@flow(name="operate-bundle", flow_run_name=name_with("operate"))
def operate_bundle(
    bundle: str,
    target: str = "dev",
    operation: str | None = None,
    *,
    dry_run: bool = False,
    heal: Heal | None = None,
    git: GitSource | None = None,
    credentials: str | None = None,
) -> State[Any]:
    """Deploy a bundle, run it layer by layer, heal what fails, and ask a person when nothing safe is left.

    Args:
        bundle: Folder of the bundle (with its databricks.yml); its name when it comes from git.
        target: Target of the bundle.
        operation: Id of an operation to go on with; a new one starts without it.
        dry_run: Show the plan; deploy and run nothing.
        heal: What may be repaired without a person: nothing (off), nothing before each fix is approved (propose), or
            what is safe. Without it BUNDLEOPS_HEAL decides, else it is safe on development targets, propose elsewhere.
        git: Where the bundle is fetched from.
        credentials: Name of a DatabricksCredentials block, or profile:NAME; the environment without it.
    """
    use_credentials(credentials)
    work = open_operation(fetch_bundle(bundle, git), target, operation, dry_run=dry_run, heal=heal)
    with hold_operation(work):
        discover_bundle(work)
        if put_in_place(work):
            plan = plan_resources(work)
            for layer, members in plan.layers if not dry_run else ():
                check_prerequisites(work, layer, members)
                if bring_up_layer(work, members) is not LayerEnd.PASSED:
                    break
        return as_state(conclude_operation(work))


def bring_up_layer(work: Operation, members: tuple[PlannedResource, ...]) -> LayerEnd:
    """Run every resource of a layer to its end, some at once; then ask all open questions and act on the answers."""
    pending = tuple(member.key for member in members)
    while pending:
        ends = []
        for key in pending:
            start_ahead(work, pending)
            ends.append(bring_up(work, key))
        questions = {end.question.resource: end.question for end in ends if end.question}
        if not questions:
            return LayerEnd.PASSED if all(end.passes for end in ends) else LayerEnd.STOPPED
        unverified = [key for key, end in zip(pending, ends, strict=True) if not end.passes]
        decision = act_on_answers(work, ask_person(work, tuple(questions.values())), unverified)
        if decision.end is not LayerEnd.PASSED:
            return decision.end
        if decision.person_changed_something and not put_in_place(work):
            return LayerEnd.STOPPED
        pending = decision.run_again
    return LayerEnd.PASSED
