"""Hold an operation for its time: one process works on it, and its end is in the journal whatever ends it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from operations.journal import Event
from operations.operation import Operation
from operations.store import OperationFolder
from tasks.conclude_operation import write_reports
from tasks.lock_target import unlock_target
from tasks.ready_copy import leave_copy, ready_copy
from tasks.toolbox import journal_of
from workspace.errors import OperatorError


@contextmanager
def hold_operation(work: Operation) -> Iterator[None]:
    """Claim the operation; whatever ends it, the journal says so, the report is written and the target is free again.

    Raises:
        StateError: another process works on this operation.
    """
    with OperationFolder(work.folder).claim():
        ready_copy(work)
        journal = journal_of(work)
        if any(event.event == Event.OPERATION_STARTED for event in journal.events()):
            journal.append(Event.OPERATION_RESUMED)
        else:
            journal.append(Event.OPERATION_STARTED, bundle=work.bundle, target=work.target, dry_run=work.dry_run)
        try:
            yield
        except OperatorError as error:
            journal.append(Event.OPERATION_ENDED, verdict="failed", exit_code=error.exit_code, reason=str(error))
            write_reports(work)
            raise
        except KeyboardInterrupt:
            note = "Interrupted. What runs in the workspace goes on, and the resumed operation waits for it again."
            journal.append(Event.OPERATION_ENDED, verdict="interrupted", exit_code=130, reason=note)
            write_reports(work)
            raise
        except Exception as error:
            reason = f"Unexpected {type(error).__name__}: {error}. This is a defect of bundleops; the journal is whole."
            journal.append(Event.OPERATION_ENDED, verdict="failed", exit_code=1, reason=reason)
            write_reports(work)
            raise
        finally:
            try:
                unlock_target(work)
            finally:
                leave_copy(work)
