"""Cancel an operation safely: its process ends first, then its target is free and its questions are taken back."""

from __future__ import annotations

import os
import signal
import time

from operations.journal import Event
from operations.operation import Operation
from operations.progress import progress
from operations.store import OperationFolder
from tasks.conclude_operation import write_reports
from tasks.lock_target import lock_target, unlock_target
from tasks.toolbox import journal_of, questions_of, records_of
from workspace.errors import OperatorError, StateError, UsageError
from workspace.lock import TargetLock
from workspace.models import RunHandle
from workspace.sdk import connect
from workspace.services import jobs, pipelines

END_SECONDS = 60.0
_LOOK_SECONDS = 0.2
_OVER = {"verified", "planned", "canceled"}


def runs_that_go_on(work: Operation) -> tuple[RunHandle, ...]:
    """Return the runs of an operation that had not ended when it was looked at last."""
    resources = progress(journal_of(work).events()).resources.values()
    return tuple(one.open_run.handle for one in resources if one.open_run is not None and one.open_run.handle)


def require_cancelable(folder: OperationFolder) -> Operation:
    """Return the operation when there is something to cancel.

    Raises:
        UsageError: it came to its end, or was canceled already.
        StateError: its record is damaged, or a process of another machine works on it.
    """
    work = folder.request()
    verdict = progress(folder.journal.events()).verdict
    if folder.process_here() is None and verdict in _OVER:
        raise UsageError(f"Operation {work.id} is over: {verdict}. There is nothing to cancel.")
    return work


def end_process(folder: OperationFolder, seconds: float = END_SECONDS) -> bool:
    """End the process that works on the operation as Ctrl-C would; False when none does.

    Raises:
        StateError: it does not end.
    """
    process = folder.process_here()
    if process is None:
        return False
    os.kill(process, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while folder.process_here() is not None:
        if time.monotonic() >= deadline:
            raise StateError(
                f"Process {process} has been told to end {seconds:g} s ago and still works on operation {folder.id}, "
                "perhaps on a deploy. Try again later; nothing else was done."
            )
        time.sleep(_LOOK_SECONDS)
    return True


def conclude_canceled(work: Operation, folder: OperationFolder, by: str, runs: tuple[RunHandle, ...]) -> list[str]:
    """Cancel these runs, free the target, take the questions back and write down the end.

    Args:
        work: the operation; no process works on it any more.
        folder: its records.
        by: who canceled it.
        runs: the runs to cancel in the workspace too.

    Returns:
        What did not work, a line each; the operation is canceled all the same.

    Raises:
        StateError: a process took the operation up meanwhile.
    """
    with folder.claim():
        left = _cancel_runs(work, runs) + _free_target(work)
        for question in questions_of(work).list(work.id):
            for taken_back in questions_of(work).supersede(work.id, question.resource):
                reason = "the operation was canceled"
                journal_of(work).append(Event.QUESTION_SETTLED, question.resource, question=taken_back, reason=reason)
        for line in left:
            journal_of(work).append(Event.NOTE, text=line)
        reason = f"canceled by {by}; {len(runs)} of its runs were canceled too. It can be resumed."
        journal_of(work).append(Event.OPERATION_ENDED, verdict="canceled", exit_code=1, reason=reason)
        write_reports(work)
    return left


def _cancel_runs(work: Operation, runs: tuple[RunHandle, ...]) -> list[str]:
    failed = []
    for handle in runs:
        try:
            client = connect(work.profile)
            if handle.kind == "pipeline":
                pipelines.stop_update(client, handle)
            else:
                jobs.cancel_run(client, handle)
        except OperatorError as error:
            failed.append(f"{handle.resource} could not be canceled: {error} Cancel it at {handle.url}")
        else:
            text = f"{handle.resource} #{handle.iteration} was canceled in the workspace: {handle.url}"
            journal_of(work).append(Event.NOTE, handle.resource, handle.iteration, text=text)
    return failed


def _free_target(work: Operation) -> list[str]:
    """Free the target where this operation still has it, as one that is suspended or was killed does."""
    if not records_of(work).has_bundle():
        return []
    bundle = records_of(work).bundle()
    try:
        holder = TargetLock(connect(work.profile), bundle.remote_root, work.id).holder()
        if holder is not None and holder.operation == work.id:
            lock_target(work, bundle)
            unlock_target(work)
    except OperatorError as error:
        return [f"The lock of {work.target} could not be freed: {error}"]
    return []
