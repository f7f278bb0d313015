"""Take back the edits of a fix that a crash interrupted and that nobody may have wanted to stay."""

from __future__ import annotations

from pathlib import Path

from knowledge.pattern import Applicability
from operations.journal import Event
from operations.operation import Operation
from tasks.toolbox import journal_of, progress_of, records_of
from workspace.working_copy import read_text_files, undo_edits


def undo_interrupted(work: Operation) -> None:
    """Undo every plan that needed an approval and was never noted as carried out; call it before a resumed deploy.

    An approval counts once: the resumed operation cannot know whether it was used, so it asks again, and what was not
    approved is not deployed meanwhile. Safe plans stay; the operation carries them out to their end.
    """
    files = read_text_files(Path(work.working_copy))
    for fix in reversed(records_of(work).fixes()):
        plan = fix.plan
        noted = plan.digest in progress_of(work, fix.resource).tried
        if noted or plan.applicability is Applicability.SAFE or not plan.edits:
            continue
        if all(files.get(edit.path) == edit.after for edit in plan.edits):
            undo_edits(Path(work.working_copy), plan.edits)
            files = read_text_files(Path(work.working_copy))
            journal_of(work).append(
                Event.FIX_UNDONE, fix.resource, digest=plan.digest, reason="it was interrupted, so it is asked again"
            )
