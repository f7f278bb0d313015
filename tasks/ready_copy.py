"""Make the working copy ready: one operation at a time has it, and a new one brings it up to the person's bundle."""

from __future__ import annotations

import json
import time
from pathlib import Path

from filelock import FileLock, Timeout

from operations.journal import Event
from operations.operation import Operation
from tasks.take_over_changes import take_over_changes
from tasks.toolbox import journal_of
from tasks.undo_fix import undo_interrupted
from workspace.errors import DeployLockedError
from workspace.working_copy import prepare

LOOK_SECONDS = 2.0

_held: dict[str, FileLock] = {}
"""Copies of this process by operation; the kernel frees those of a process that dies."""


def ready_copy(work: Operation) -> None:
    """Take the working copy for this operation and, when it is new, synchronise it; a resumed one keeps its edits.

    Raises:
        DeployLockedError: another operation of this machine still works with the copy when the time to wait is over.
        BundleInvalidError: the bundle cannot be copied.
    """
    if work.id in _held:
        return
    copy = Path(work.working_copy)
    copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(f"{copy}.operation.lock", thread_local=False, mode=0o600)
    holder = Path(f"{copy}.operation.json")
    _acquire(work, lock, holder)
    _held[work.id] = lock
    happened = {event.event for event in journal_of(work).events()}
    if Event.OPERATION_STARTED not in happened:
        prepare(Path(work.bundle), work.copies_dir, work.target, work.host)
    elif Event.BUNDLE_DEPLOYED not in happened or _last_user(holder) != work.id:
        # Nothing of it is deployed yet, or another operation used the copy since: the person's files count again.
        take_over_changes(work)
    else:
        undo_interrupted(work)
    holder.write_text(json.dumps({"operation": work.id}), encoding="utf-8")


def leave_copy(work: Operation) -> None:
    """Give the working copy free, if this process has it."""
    lock = _held.pop(work.id, None)
    if lock is not None:
        lock.release()


def _acquire(work: Operation, lock: FileLock, holder: Path) -> None:
    deadline, told = time.monotonic() + work.limits.lock_wait_seconds, False
    while True:
        try:
            lock.acquire(timeout=min(LOOK_SECONDS, max(deadline - time.monotonic(), 0)))
        except Timeout:
            who = _name(holder)
            if time.monotonic() >= deadline:
                text = f"{work.target} of {work.bundle} is being operated by {who}. Wait for its end, or stop it there."
                raise DeployLockedError(text) from None
            if not told:
                journal_of(work).append(Event.NOTE, text=f"Waiting: {who} operates {work.target} of this bundle.")
            told = True
        else:
            return


def _name(holder: Path) -> str:
    last = _last_user(holder)
    return f"operation {last}" if last else "another operation that has just begun"


def _last_user(holder: Path) -> str | None:
    """Return the operation that had the copy last, None when nobody has written it down."""
    try:
        return str(json.loads(holder.read_text(encoding="utf-8"))["operation"])
    except (OSError, ValueError, KeyError):
        return None
