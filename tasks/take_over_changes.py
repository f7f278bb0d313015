"""Bring the working copy up to the person's bundle again, and keep our own fixes where they still fit."""

from __future__ import annotations

from pathlib import Path

from operations.journal import Event
from operations.operation import Operation
from tasks.toolbox import journal_of, progress_of, records_of
from workspace.errors import EditRefusedError
from workspace.working_copy import apply_edits, prepare


def take_over_changes(work: Operation) -> None:
    """Copy the person's files and re-apply each fix whose files are as it expects them; theirs win otherwise."""
    prepare(Path(work.bundle), work.copies_dir, work.target, work.host)
    for fix in records_of(work).fixes():
        if not fix.plan.edits or fix.plan.digest not in progress_of(work, fix.resource).tried:
            continue
        try:
            apply_edits(Path(work.working_copy), fix.plan.edits)
        except EditRefusedError as error:
            journal_of(work).append(Event.FIX_UNDONE, fix.resource, digest=fix.plan.digest, reason=str(error))
