"""Before a layer starts: is there what it needs? A missing table is named with the resource that makes it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from prefect import task

from diagnostics.lineage import table_uses
from operations.journal import Event
from operations.operation import Operation
from operations.planning.plan import PlannedResource
from operations.prerequisites import Prerequisite, Unmet, empty, missing, prerequisites
from operations.progress import progress
from operations.standing import ResourceStatus
from tasks.retry_policies import READ
from tasks.toolbox import journal_of, snapshot_of
from workspace.errors import WorkspaceRequestError
from workspace.models import Layer
from workspace.sdk import connect
from workspace.services.lookups import Lookups

MAX_LOOKUPS = 40
MAX_SECONDS = 30.0
"""A layer must not wait for long; what is missing then shows as soon as it runs."""


@task(task_run_name="check prerequisites of {layer}", **READ)
def check_prerequisites(work: Operation, layer: Layer, members: Sequence[PlannedResource]) -> tuple[Unmet, ...]:
    """Look up what the resources of a layer need, write down what is not there, and return it.

    Nothing is looked up for resources that have run already in this operation, nor beyond the limits above.
    """
    snapshot = snapshot_of(work)
    now = progress(journal_of(work).events())
    keys = [one.key for one in members if now.of(one.key).status is ResourceStatus.PENDING]
    wanted = prerequisites(snapshot.resolved, table_uses(snapshot), layer, keys) if keys else ()
    if not wanted:
        return ()
    unmet = tuple(_unmet(work, wanted[:MAX_LOOKUPS]))
    journal_of(work).append(
        Event.PREREQUISITES_CHECKED,
        layer=layer,
        looked_up=min(len(wanted), MAX_LOOKUPS),
        unmet=[one.model_dump(mode="json") for one in unmet],
    )
    return unmet


def _unmet(work: Operation, wanted: Sequence[Prerequisite]) -> Iterator[Unmet]:
    lookups, deadline = Lookups(connect(work.profile)), time.monotonic() + MAX_SECONDS
    untold: dict[str, str] = {}
    for one in wanted:
        if time.monotonic() > deadline:
            untold[one.name] = "the time for looking was over"
            continue
        try:
            if not lookups.exists(one.name, is_function=one.is_function):
                yield missing(one)
            elif one.needs_rows and not one.is_function and lookups.has_rows(one.name) is False:
                yield empty(one)
        except WorkspaceRequestError as error:
            if error.transient:
                raise
            untold[one.name] = str(error)
    if untold:
        # Who may not look may still be allowed to run: the run tells.
        names, reason = ", ".join(untold), next(iter(untold.values()))
        journal_of(work).append(Event.NOTE, text=f"Prerequisites were not looked up ({reason}): {names}")
