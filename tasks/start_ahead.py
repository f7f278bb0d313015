"""Let independent resources of a layer run at the same time: start them early, within a bound, and wait in order."""

from __future__ import annotations

from collections.abc import Sequence

from operations.operation import Operation
from operations.progress import progress
from operations.standing import Progress, ResourceStatus
from tasks.start_run import may_run, start_run
from tasks.toolbox import journal_of, records_of
from tasks.verify_resource import is_verified_only
from tasks.wait_for_run import wait_for_run
from workspace.models import RunHandle

_DONE = {ResourceStatus.VERIFIED, ResourceStatus.SKIPPED}


def start_ahead(work: Operation, keys: Sequence[str]) -> None:
    """Start what was not started yet and needs nothing of its own layer that is still to come.

    Whoever brings a resource up afterwards takes its run up. After a crash the journal knows what runs.
    """
    if not may_run(work):
        return
    now = progress(journal_of(work).events())
    free = work.limits.parallel_runs - sum(now.of(key).open_run is not None for key in keys)
    for key in _ready(work, now, keys):
        if free <= 0:
            return
        free -= isinstance(start_run(work, key), RunHandle)


def let_runs_end(work: Operation) -> None:
    """Wait for every run that goes on: a deploy would change files under it."""
    for one in progress(journal_of(work).events()).resources.values():
        if one.open_run is not None and one.open_run.handle is not None:
            wait_for_run(work, one.open_run.handle)


def _ready(work: Operation, now: Progress, keys: Sequence[str]) -> list[str]:
    planned = {resource.key: resource.needs for resource in records_of(work).plan().resources}
    there = {resource.key for resource in records_of(work).bundle().resources}
    coming = {key for key in keys if now.of(key).status not in _DONE}
    return [
        key
        for key in keys
        if key in there
        and not is_verified_only(key)
        and now.of(key).status is ResourceStatus.PENDING
        and not now.of(key).attempts
        and coming.isdisjoint(planned.get(key, ()))
    ]
