"""The CLI's deploy lock that a killed deploy of this operation left behind: only a person says whether it is forced."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from operations.ends import BUNDLE, QuestionDraft
from operations.journal import Event
from operations.operation import Operation
from operations.plain_text import code_span
from operations.progress import progress
from tasks.toolbox import journal_of, records_of
from workspace.deploy_lock import DeployLock, read_deploy_lock
from workspace.guard import DestructiveAction
from workspace.sdk import connect

ACTION = DestructiveAction.FORCE_LOCK
CLOCKS_DIFFER = timedelta(minutes=1)


def left_lock(work: Operation) -> DeployLock | None:
    """Return the lock that seems to be left over from this operation's own deploy; None when there is no such lock.

    It is one only if the journal has a deploy without an end, and the lock is of our user and not older than that.
    """
    events = journal_of(work).events()
    if not progress(events).deploy_open:
        return None
    began = max(event.at for event in events if event.event == Event.DEPLOY_STARTED)
    bundle = records_of(work).bundle()
    lock = read_deploy_lock(connect(work.profile), bundle.state_root)
    ours = lock is not None and lock.user == bundle.user and _since(lock, began)
    return lock if ours else None


def lock_digest(lock: DeployLock) -> str:
    """Return what identifies this taking of the lock; a lock that is taken anew needs another approval."""
    return hashlib.sha256(f"{lock.id}:{lock.user}:{lock.acquired_at.isoformat()}".encode()).hexdigest()


def force_question(work: Operation, lock: DeployLock) -> QuestionDraft:
    """Return the question whether exactly this lock may be taken from its holder."""
    body = (
        f"A deploy of this operation was killed, and the target still has a deploy lock of {code_span(lock.user)} from "
        f"{lock.acquired_at:%Y-%m-%d %H:%M:%S} UTC. It is most likely that deploy's own.\n\n"
        f"Approved, the next deploy runs with {code_span('--force-lock')}. Make sure first that nobody else deploys "
        f"{code_span(work.bundle_name)} to {code_span(work.target)} as this user: two deploys at once create resources "
        "twice and damage the deployment state.\n\nWithout an approval nothing is deployed."
    )
    return QuestionDraft(
        resource=BUNDLE,
        kind="approval",
        title=f"Force the deploy lock that a killed deploy left on {work.target}",
        body=body,
        action=ACTION,
        digest=lock_digest(lock),
    )


def _since(lock: DeployLock, began: datetime) -> bool:
    return lock.acquired_at >= began - CLOCKS_DIFFER
