"""All operations at a glance: what each was on, where it stands, and what it waits for."""

from __future__ import annotations

from pydantic import AwareDatetime

from operations.operation import Kind
from operations.progress import progress
from operations.questions import QuestionStore
from operations.standing import Progress, ResourceStatus
from operations.store import OperationFolder, StateStore
from workspace.errors import StateError
from workspace.models import Model

RUNNING = "running"
DEAD = "dead"
"""It began, did not end, and no process works on it: it crashed or was killed, and can be resumed."""
DAMAGED = "damaged"


class OperationOverview(Model):
    """One operation in a list."""

    id: str
    kind: Kind | None = None
    bundle: str = ""
    target: str = ""
    status: str
    """The verdict of one that ended; else running, dead or damaged."""
    reason: str = ""
    verified: int = 0
    resources: int = 0
    started_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None
    open_questions: tuple[str, ...] = ()
    worked_on_by: str | None = None
    resume: str = ""
    """How to go on with it; empty when there is nothing to go on with."""


def overview(store: StateStore, limit: int | None = None) -> tuple[OperationOverview, ...]:
    """Return the operations of a state directory, newest first; one whose records are damaged is listed as such."""
    questions = QuestionStore(store.questions_path)
    return tuple(_of(folder, questions) for folder in store.list()[:limit])


def _of(folder: OperationFolder, questions: QuestionStore) -> OperationOverview:
    try:
        work, now = folder.request(), progress(folder.journal.events())
    except StateError as error:
        return OperationOverview(id=folder.id, status=DAMAGED, reason=str(error))
    holder = folder.worked_on_by()
    status = _status(now, holder)
    done = status in {"verified", "planned"}
    return OperationOverview(
        id=work.id,
        kind=work.kind,
        bundle=work.bundle_name,
        target=work.target,
        status=status,
        reason=str(now.end.get("reason", "")),
        verified=sum(one.status is ResourceStatus.VERIFIED for one in now.resources.values()),
        resources=len(now.resources),
        started_at=now.started_at,
        ended_at=now.ended_at,
        open_questions=tuple(question.id for question in questions.list(work.id)),
        worked_on_by=holder,
        resume="" if done or holder else work.resume_command,
    )


def _status(now: Progress, holder: str | None) -> str:
    if holder:
        return RUNNING
    return now.verdict or DEAD
