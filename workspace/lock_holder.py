"""Who holds a target, as the lock file in the workspace says it."""

from __future__ import annotations

from datetime import UTC, datetime

from workspace.models import Model


class LockHolder(Model):
    """Who holds a target."""

    id: str
    """Names one taking of the lock, so that a process notices when its lock was taken anew elsewhere."""
    operation: str
    owner: str
    host: str
    pid: int
    acquired_at: datetime
    heartbeat_at: datetime
    waits_until: datetime | None = None
    """Set when no process holds it: the operation waits for a person, and the lock ends by itself then."""

    @property
    def has_ended(self) -> bool:
        """True when the wait for a person is over: whoever comes next may take the lock."""
        return self.waits_until is not None and datetime.now(UTC) >= self.waits_until


def held_text(holder: LockHolder, path: str) -> str:
    """Say who holds the target and what to do about it."""
    since = f"operation {holder.operation} on {holder.host}"
    if holder.waits_until is not None:
        return (
            f"The target is held by {holder.owner}: {since} is suspended and waits for a person until "
            f"{holder.waits_until:%Y-%m-%d %H:%M} UTC. Answer it (`bundleops questions`), resume operation "
            f"{holder.operation}, or wait until then."
        )
    age = max(0, int((datetime.now(UTC) - holder.heartbeat_at).total_seconds()))
    return (
        f"The target is held by {holder.owner}: {since}, process {holder.pid}, since "
        f"{holder.acquired_at:%Y-%m-%d %H:%M} UTC, last sign of life {age} s ago. Wait for its end. If that process is "
        f"dead, resume operation {holder.operation}, which takes its lock again, or delete {path}."
    )
