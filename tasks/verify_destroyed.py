"""After a destroy: is everything gone that was listed?"""

from __future__ import annotations

from prefect import task

from operations.destroy_report import listed_losses
from operations.ends import BUNDLE
from operations.journal import Event
from operations.operation import Operation
from tasks.retry_policies import READ
from tasks.toolbox import journal_of
from workspace.errors import StateError
from workspace.losses import Remains
from workspace.sdk import connect
from workspace.services.inventory import find_remains


@task(task_run_name="verify that it is gone", **READ)
def verify_destroyed(work: Operation) -> Remains:
    """Look for everything that this operation ever listed, by its id, and for files below the remote root.

    Raises:
        StateError: nothing was listed yet.
    """
    journal = journal_of(work)
    losses = listed_losses(journal.events())
    if losses is None:
        raise StateError(f"Operation {work.id} has listed nothing to destroy. Resume it.")
    remains = find_remains(connect(work.profile), losses)
    event = Event.BUNDLE_DESTROYED if remains.is_clean else Event.REMAINS_FOUND
    journal.append(event, BUNDLE, remains=remains)
    return remains
