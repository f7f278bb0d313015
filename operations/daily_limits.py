"""How much was fixed without a person lately: a loop of fixes that never ends has to reach somebody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from diagnostics.models import FixPlan
from operations.events import Event, JournalEvent
from operations.operation import Operation
from operations.store import OperationFolder, StateStore
from workspace.errors import StateError

DAY = timedelta(hours=24)


def over_daily_limits(work: Operation, plan: FixPlan, now: datetime | None = None) -> str:
    """Say which limit a plan would pass if it were applied without a person now; empty when it passes none."""
    fixes = list(_fixes_since(work, (now or datetime.now(UTC)) - DAY))
    if len(fixes) + 1 > work.limits.fixes_per_day:
        return f"{len(fixes)} fixes were applied within 24 hours; {work.limits.fixes_per_day} may be without approval."
    lines = sum(map(changed_lines, (str(fix.data.get("diff", "")) for fix in fixes)))
    more, allowed = changed_lines(plan.diff), work.limits.changed_lines_per_day
    if more and lines + more > allowed:
        return f"{lines + more} lines would be changed within 24 hours; {allowed} may be without approval."
    return ""


def changed_lines(diff: str) -> int:
    """Return how many lines a unified diff adds and removes."""
    lines = diff.splitlines()
    return sum(line.startswith(("+", "-")) and not line.startswith(("+++ ", "--- ")) for line in lines)


def _fixes_since(work: Operation, since: datetime) -> Iterator[JournalEvent]:
    """Yield the fixes that were applied to the same bundle and target since then, by any operation."""
    for folder in StateStore(Path(work.state_dir)).list():
        if _is_of_same_target(folder, work) and _may_have_events_since(folder, since):
            yield from (one for one in folder.journal.events() if one.event == Event.FIX_APPLIED and one.at >= since)


def _is_of_same_target(folder: OperationFolder, work: Operation) -> bool:
    try:
        other = folder.request()
    except StateError:
        return False  # the record of another operation is damaged; it says nothing about this target
    return (other.bundle, other.target, other.host) == (work.bundle, work.target, work.host)


def _may_have_events_since(folder: OperationFolder, since: datetime) -> bool:
    """Tell by the file's age, so that old journals are not read."""
    file = folder.path / "journal.jsonl"
    return file.is_file() and file.stat().st_mtime >= since.timestamp()
