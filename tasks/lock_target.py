"""Hold the target: one operation at a time deploys to it, and the others are told who."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from operations.journal import Event
from operations.operation import Operation
from tasks.toolbox import journal_of
from workspace.errors import DeployLockedError
from workspace.lock import TargetLock
from workspace.lock_holder import LockHolder
from workspace.models import ResolvedBundle
from workspace.sdk import connect

_held: dict[str, TargetLock] = {}
"""Locks of this process by operation; a lock is held until its operation ends, also while a person is waited for."""


def lock_target(work: Operation, bundle: ResolvedBundle) -> None:
    """Take the lock file in the target's workspace root; wait for a foreign one and name its holder.

    Raises:
        DeployLockedError: another operation still holds the target when the time to wait is over.
    """
    if work.id in _held:
        return
    lock = TargetLock(connect(work.profile), bundle.remote_root, work.id)
    lock.acquire(work.limits.lock_wait_seconds, _told_once(work))
    _held[work.id] = lock


def require_lock(work: Operation) -> None:
    """Make sure that the target is still ours; call it right before whatever must not happen twice at once.

    Raises:
        DeployLockedError: the lock was lost, or never taken.
    """
    if work.id not in _held:
        raise DeployLockedError(f"Operation {work.id} does not hold the lock of {work.target}. Resume it to take it.")
    _held[work.id].require_held()


def leave_target(work: Operation, until: datetime) -> None:
    """Keep the target for an operation that waits for a person without a process, until then at most."""
    lock = _held.pop(work.id, None)
    if lock is not None:
        lock.leave(until)


def unlock_target(work: Operation) -> None:
    """Give the target free, if this process holds it."""
    lock = _held.pop(work.id, None)
    if lock is not None:
        lock.release()


def _told_once(work: Operation) -> Callable[[LockHolder], None]:
    told: set[str] = set()

    def tell(holder: LockHolder) -> None:
        if holder.operation not in told:
            told.add(holder.operation)
            text = (
                f"Waiting for {work.target}: operation {holder.operation} of {holder.owner} on {holder.host} holds it "
                f"since {holder.acquired_at:%Y-%m-%d %H:%M} UTC (last sign of life {holder.heartbeat_at:%H:%M:%S} UTC)"
            )
            journal_of(work).append(Event.NOTE, text=text)

    return tell
