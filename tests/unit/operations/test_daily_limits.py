"""Fixes without approval are counted over a day, for one bundle and target, over all operations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from diagnostics.models import FileEdit, FixPlan
from knowledge.pattern import Applicability
from operations.daily_limits import changed_lines, over_daily_limits
from operations.events import Event
from operations.operation import Limits, Operation
from operations.store import StateStore

PLAN = FixPlan(
    code="c",
    fixer="f",
    title="t",
    reason="r",
    applicability=Applicability.SAFE,
    edits=(FileEdit(path="a.sql", before="one\ntwo\n", after="one\n2\n"),),
)


class Target:
    """Operations on one bundle and target."""

    def __init__(self, folder: Path) -> None:
        self.store = StateStore(folder / "state")
        self.number = 0

    def operation(self, **changes: Any) -> Operation:
        self.number += 1
        usual = {
            "id": f"20261123-211502-aaa{self.number}",
            "bundle": "/bundle",
            "target": "dev",
            "working_copy": str(self.store.copies_dir / "bundle"),
            "state_dir": str(self.store.root),
        }
        work = Operation(**{**usual, **changes})
        self.store.create(work)
        return work

    def fixed(self, times: int = 1, **changes: Any) -> Operation:
        work = self.operation(**changes)
        for _ in range(times):
            self.store.open(work.id).journal.append(Event.FIX_APPLIED, "jobs.a", 1, digest="d", diff=PLAN.diff)
        return work


@pytest.fixture
def target(tmp_path: Path) -> Target:
    return Target(tmp_path)


def test_fixes_of_other_operations_on_the_target_count(target: Target) -> None:
    target.fixed(2)
    now = target.operation(limits=Limits(fixes_per_day=2))
    assert over_daily_limits(now, PLAN) == "2 fixes were applied within 24 hours; 2 may be without approval."
    assert over_daily_limits(target.operation(limits=Limits(fixes_per_day=3)), PLAN) == ""


def test_changed_lines_count_together_with_those_of_the_plan(target: Target) -> None:
    target.fixed()
    assert over_daily_limits(target.operation(limits=Limits(changed_lines_per_day=4)), PLAN) == ""
    assert over_daily_limits(target.operation(limits=Limits(changed_lines_per_day=3)), PLAN).startswith("4 lines")


@pytest.mark.parametrize("other", [{"target": "prod"}, {"bundle": "/other"}, {"host": "https://elsewhere"}])
def test_fixes_elsewhere_do_not_count(target: Target, other: dict[str, str]) -> None:
    target.fixed(3, **other)
    assert over_daily_limits(target.operation(limits=Limits(fixes_per_day=1)), PLAN) == ""


def test_fixes_of_the_day_before_do_not_count(target: Target) -> None:
    target.fixed(3)
    tomorrow = datetime.now(UTC) + timedelta(hours=25)
    assert over_daily_limits(target.operation(limits=Limits(fixes_per_day=1)), PLAN, tomorrow) == ""


def test_only_lines_that_are_added_or_removed_are_counted() -> None:
    assert changed_lines(PLAN.diff) == 2
