"""`bundle destroy`: everything that the bundle has made, and its folder."""

from __future__ import annotations

import shutil

from sandbox.standin.apply import apply
from sandbox.standin.bundle import Bundle
from sandbox.standin.diagnostics import AlreadyReportedError
from sandbox.standin.lock import deploy_lock
from sandbox.standin.plan import Step, make_plan
from sandbox.standin.state import Journal, State, pull

NOT_APPROVED = (
    "this command will destroy all resources deployed by this bundle, including workspace files in the deployment "
    "directory.\nDeleting data assets such as schemas, pipelines, or volumes may cause permanent data loss and should "
    "be carefully reviewed.\nTo proceed, use --auto-approve."
)


def destroy(bundle: Bundle) -> None:
    """Delete the deployed resources and the bundle's folder in the workspace."""
    state = pull(bundle)
    if bundle.client.status(bundle.remote("root")) is None:
        bundle.call.say("No active deployment found to destroy!")
        return
    with deploy_lock(bundle):
        _destroy(bundle, state)


def _destroy(bundle: Bundle, state: State) -> None:
    say = bundle.call.say
    # A bundle without resources wants everything gone.
    bundle.config.set(("resources",), {})
    steps = make_plan(bundle, state)
    _announce(bundle, steps)
    say(f"All files and directories at the following location will be deleted: {bundle.remote('root')}\n")
    journal = Journal(bundle, state)
    outcome = apply(bundle, steps, journal)
    if outcome.errors:
        journal.finish()
        for error in outcome.errors:
            bundle.call.err.write(str(error.diagnostic()))
        raise AlreadyReportedError
    bundle.client.remove(bundle.remote("root"), recursive=True)
    shutil.rmtree(bundle.local_state, ignore_errors=True)
    say(f"Destroy: {len(steps)} deleted")


def _announce(bundle: Bundle, steps: list[Step]) -> None:
    say = bundle.call.say
    ordered = sorted(steps, key=lambda step: step.key)
    if ordered:
        say("The following resources will be deleted:")
        for step in ordered:
            say(f"  delete {step.key}")
        say()
    for text in dict.fromkeys(step.kind.deletion for step in ordered if step.kind.deletion):
        say(f"This action will result in the deletion {text}")
        for step in ordered:
            if step.kind.deletion == text:
                say(f"  delete {step.key}")
        say()
