"""Hold an operation for its time: one process works on it, and its end is in the journal whatever ends it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from prefect.exceptions import Pause, TerminationSignal

from operations.journal import Event
from operations.operation import Operation
from operations.store import OperationFolder
from tasks.conclude_operation import write_reports
from tasks.lock_target import leave_target, unlock_target
from tasks.publish import publishing
from tasks.ready_copy import leave_copy, ready_copy
from tasks.toolbox import journal_of
from tasks.wait_for_answers import SUSPENDED
from workspace.errors import OperatorError


@contextmanager
def hold_operation(work: Operation) -> Iterator[None]:
    """Claim the operation; whatever ends it, the journal says so, the report is written and the target is free again.

    A suspended operation keeps the target until its time to wait is over, though its process ends.

    Raises:
        StateError: another process works on this operation.
    """
    with OperationFolder(work.folder).claim(), publishing(work):
        ready_copy(work)
        journal = journal_of(work)
        if any(event.event == Event.OPERATION_STARTED for event in journal.events()):
            journal.append(Event.OPERATION_RESUMED)
        else:
            journal.append(Event.OPERATION_STARTED, bundle=work.bundle, target=work.target, dry_run=work.dry_run)
        try:
            yield
        except BaseException as error:
            _note_end(work, error)
            raise
        finally:
            try:
                _free_target(work)
            finally:
                leave_copy(work)


def _note_end(work: Operation, error: BaseException) -> None:
    """Write down what ended the operation before its conclusion, and the report of what there is."""
    until = awaited_until(work) if isinstance(error, Pause) else None
    verdict, exit_code, reason = end_of(error, until)
    journal_of(work).append(Event.OPERATION_ENDED, verdict=verdict, exit_code=exit_code, reason=reason)
    write_reports(work)
    if until is not None:
        leave_target(work, until)


def _free_target(work: Operation) -> None:
    """Give the target free. What the operation came to stays true when that fails, so the failure is only noted."""
    try:
        unlock_target(work)
    except OperatorError as error:
        text = (
            f"The lock of {work.target} could not be released: {error} Resume operation {work.id}, which takes it "
            "again and releases it, or delete the lock file that the next operation names."
        )
        journal_of(work).append(Event.NOTE, text=text)


def end_of(error: BaseException, until: datetime | None) -> tuple[str, int, str]:
    """Return verdict, exit code and reason. A signal of Prefect is no exception of Python's usual kind."""
    if isinstance(error, OperatorError):
        return "failed", error.exit_code, str(error)
    if _was_interrupted(error):
        return "interrupted", 130, "Interrupted. What runs in the workspace goes on; a resumed operation waits for it."
    if isinstance(error, Pause):
        wait = f"waits for a person until {until:%Y-%m-%d %H:%M} UTC" if until else "was suspended by a person"
        return "waiting", 4, f"The flow run is suspended: it {wait}, and goes on when it is resumed."
    reason = f"Unexpected {type(error).__name__}: {error}. This is a defect of bundleops; the journal is whole."
    return "failed", 1, reason


def _was_interrupted(error: BaseException) -> bool:
    """Tell whether a signal ended it, also where Prefect's engine stumbled over it, as it does at a task's start."""
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, KeyboardInterrupt | TerminationSignal):
        seen = seen.__cause__ or seen.__context__
    return seen is not None


def awaited_until(work: Operation) -> datetime | None:
    """Return until when a suspended operation waits, None when the last thing it did was something else."""
    events = [event for event in journal_of(work).events() if event.event != Event.NOTE]
    if not events or events[-1].event != Event.PERSON_AWAITED or events[-1].data["how"] != SUSPENDED:
        return None
    return datetime.fromisoformat(events[-1].data["until"])
