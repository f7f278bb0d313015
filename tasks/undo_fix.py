"""Take back the edits of a fix that a person does not want."""

from __future__ import annotations

from pathlib import Path

from operations.approvals import rejected_digests
from operations.journal import Event
from operations.operation import Operation
from tasks.toolbox import journal_of, progress_of, questions_of, records_of
from workspace.working_copy import read_text_files, undo_edits


def undo_rejected(work: Operation, key: str) -> None:
    """Undo a plan that a crash interrupted after its edits, and that was rejected when the person was asked again.

    An approval counts once: the resumed operation cannot know whether the edits were meant to stay, so it asks.
    """
    rejected = rejected_digests(questions_of(work), work.id, key) - progress_of(work, key).tried
    files = read_text_files(Path(work.working_copy))
    for fix in reversed(records_of(work).fixes()):
        edits = fix.plan.edits
        ours = fix.resource == key and fix.plan.digest in rejected and edits
        if ours and all(files.get(edit.path) == edit.after for edit in edits):
            undo_edits(Path(work.working_copy), edits)
            journal_of(work).append(
                Event.FIX_UNDONE, key, digest=fix.plan.digest, reason="it was interrupted, and rejected afterwards"
            )
