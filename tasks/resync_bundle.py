"""After a person worked on the bundle: bring the working copy up to it, and keep our own fixes where they still fit."""

from __future__ import annotations

from pathlib import Path

from prefect import task

from operations.journal import Event
from operations.operation import Operation
from tasks.retry_policies import LOCAL
from tasks.toolbox import journal_of, records_of
from workspace.errors import EditRefusedError
from workspace.working_copy import apply_edits, prepare


@task(task_run_name="take over changes of the bundle", **LOCAL)
def resync_bundle(work: Operation) -> None:
    """Copy the person's files again and re-apply each fix whose files are as it expects them; theirs win otherwise."""
    prepare(Path(work.bundle), work.copies_dir, work.target, work.host)
    for fix in records_of(work).fixes():
        try:
            apply_edits(Path(work.working_copy), fix.plan.edits)
        except EditRefusedError as error:
            journal_of(work).append(Event.FIX_UNDONE, fix.resource, digest=fix.plan.digest, reason=str(error))
