"""`bundle destroy`: everything that the bundle has made, and its folder."""

from __future__ import annotations

import shutil

from sandbox.standin.apply import apply
from sandbox.standin.approvals import announce_destruction
from sandbox.standin.bundle import Bundle
from sandbox.standin.diagnostics import AlreadyReportedError
from sandbox.standin.lock import deploy_lock
from sandbox.standin.plan import make_plan
from sandbox.standin.state import Journal, State, pull


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
    quiet = bundle.call.options.quiet >= 2
    if not quiet:
        announce_destruction(bundle, steps, state)
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
    if not quiet:
        say("Destroy complete!" if bundle.call.is_old else f"Destroy: {len(steps)} deleted")
