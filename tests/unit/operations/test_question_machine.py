"""Whatever people, processes and clocks do, and in whatever order, nothing passes the guard that nobody approved."""

from __future__ import annotations

import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from operations.question import APPROVAL_OPTIONS, QuestionKind, QuestionStatus
from operations.questions import QuestionStore
from tests.unit.operations.question_maker import answer, question
from workspace.errors import ApprovalRequiredError, UsageError
from workspace.guard import Act, Guard

BEGIN = datetime(2026, 11, 23, 21, 0, tzinfo=UTC)
MEMORY = Path("/dev/shm")  # noqa: S108 - the folder below it is made with a name of its own, for the owner only

OPERATIONS, RESOURCES = st.sampled_from(["o1", "o2"]), st.sampled_from(["jobs.a", "jobs.b", None])
ACTIONS, DIGESTS = st.sampled_from(["apply_fix", "deploy"]), st.sampled_from(["d1", "d2"])
ACTS = st.builds(Act, operation=OPERATIONS, resource=RESOURCES, action=ACTIONS, digest=DIGESTS)
OTHERS: tuple[dict[str, Any], ...] = (
    *({"operation": one} for one in ("o1", "o2")),
    *({"resource": one} for one in ("jobs.a", "jobs.b", None)),
    *({"action": one} for one in ("apply_fix", "deploy")),
    *({"digest": one} for one in ("d1", "d2")),
)
LIFETIME = 20
MINUTES = st.sampled_from([10, LIFETIME])
"""Lifetimes and passing time are on one grid, so that deadlines are met exactly, too."""
KINDS = st.sampled_from([QuestionKind.APPROVAL, QuestionKind.APPROVAL, QuestionKind.CHOICE])
OPTIONS = st.sampled_from(["approve", "reject", "yes"])
SIDES = st.sampled_from([0, 1])


@dataclass
class Asked:
    """What a question should be by now."""

    act: Act
    kind: QuestionKind
    deadline: datetime
    status: QuestionStatus = QuestionStatus.OPEN
    option: str = ""

    def allows(self, act: Act, now: datetime) -> bool:
        is_approval = self.kind is QuestionKind.APPROVAL and self.option == "approve"
        return is_approval and self.status is QuestionStatus.ANSWERED and self.act == act and self.deadline > now


class Clocked:
    """The approvals of a store at the time that the test is at."""

    def __init__(self, store: QuestionStore, now: datetime) -> None:
        self._store = store
        self._now = now

    def consume(
        self, *, operation: str, resource: str | None, action: str, digest: str, now: datetime | None = None
    ) -> object:
        at = now or self._now
        return self._store.consume(operation=operation, resource=resource, action=action, digest=digest, now=at)


class Approvals(RuleBasedStateMachine):
    """Two stores on one file, as two processes have them; a crash is a store that is opened anew."""

    questions: Bundle[str] = Bundle("questions")

    def __init__(self) -> None:
        super().__init__()
        # In memory where the machine has such a folder: thousands of transactions wait for the disk otherwise.
        self.folder = tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
        self.path = Path(self.folder.name) / "questions.sqlite3"
        self.stores = [QuestionStore(self.path), QuestionStore(self.path)]
        self.now = BEGIN
        self.known: dict[str, Asked] = {}
        self.approved: Counter[Act] = Counter()
        self.passed: Counter[Act] = Counter()

    def teardown(self) -> None:
        self.folder.cleanup()

    @rule(target=questions, side=SIDES, act=ACTS, kind=KINDS, minutes=MINUTES)
    def ask(self, side: int, act: Act, kind: QuestionKind, minutes: int) -> str:
        return self._ask(side, act, kind, minutes)

    @rule(target=questions, side=SIDES, act=ACTS, kind=KINDS, option=st.sampled_from(["approve", "approve", "reject"]))
    def ask_and_answer(self, side: int, act: Act, kind: QuestionKind, option: str) -> str:
        asked = self._ask(side, act, kind, LIFETIME)
        self.answer(1 - side, asked, option)
        return asked

    @rule(side=SIDES, asked=questions, option=OPTIONS)
    def answer(self, side: int, asked: str, option: str) -> None:
        store, model = self.stores[side], self.known[asked]
        given = answer(store.get(asked), option, at=self.now)
        is_open = model.status is QuestionStatus.OPEN and model.deadline > self.now
        if not is_open or option == "yes":
            assert _refused(lambda: store.answer(given), UsageError)
            return
        store.answer(given)
        model.status, model.option = QuestionStatus.ANSWERED, option
        if option == "approve" and model.kind is QuestionKind.APPROVAL:
            self.approved[model.act] += 1

    @rule(side=SIDES, asked=questions)
    def act_as_asked(self, side: int, asked: str) -> None:
        self._try(side, self.known[asked].act)

    @rule(side=SIDES, asked=questions)
    def act_nearly_as_asked(self, side: int, asked: str) -> None:
        """Try everything that differs from what was asked in one part."""
        act = self.known[asked].act
        for other in OTHERS:
            self._try(side, replace(act, **other))

    @rule(asked=questions)
    def act_from_both_sides_at_once(self, asked: str) -> None:
        act = self.known[asked].act
        allowed = self._allowing(act)
        with ThreadPoolExecutor(2) as pool:
            passes = sum(pool.map(lambda side: self._passes(side, act), (0, 1)))
        assert passes == min(len(allowed), 2)
        self._note_passed(act, allowed[:passes])

    @rule(minutes=MINUTES, side=st.sampled_from([0, 1, None]))
    def time_passes(self, minutes: int, side: int | None) -> None:
        """Overdue questions expire only when a store looks at the clock."""
        self.now += timedelta(minutes=minutes)
        if side is None:
            return
        overdue = {asked for asked, model in self.known.items() if model.deadline <= self.now and _can_expire(model)}
        assert set(self.stores[side].expire(self.now)) == overdue
        for asked in overdue:
            self.known[asked].status = QuestionStatus.EXPIRED

    @rule(side=SIDES)
    def crash(self, side: int) -> None:
        self.stores[side] = QuestionStore(self.path)
        found = {one.id: one.status for one in self.stores[side].list(only_open=False)}
        assert found == {asked: model.status for asked, model in self.known.items()}

    @invariant()
    def no_act_passes_more_often_than_it_was_approved(self) -> None:
        assert self.passed <= self.approved

    def _ask(self, side: int, act: Act, kind: QuestionKind, minutes: int) -> str:
        deadline = self.now + timedelta(minutes=minutes)
        given: dict[str, Any] = {"kind": kind, "options": APPROVAL_OPTIONS, "created_at": self.now}
        asked = self.stores[side].ask(question(**vars(act), **given, deadline=deadline))
        for older in self.known.values():
            same = (older.act.operation, older.act.resource) == (act.operation, act.resource)
            if same and older.status is QuestionStatus.OPEN:
                older.status = QuestionStatus.SUPERSEDED
        self.known[asked.id] = Asked(act, kind, deadline)
        return asked.id

    def _try(self, side: int, act: Act) -> None:
        allowed = self._allowing(act)
        assert self._passes(side, act) is bool(allowed)
        self._note_passed(act, allowed[:1])

    def _allowing(self, act: Act) -> list[str]:
        return [asked for asked, model in self.known.items() if model.allows(act, self.now)]

    def _passes(self, side: int, act: Act) -> bool:
        guard = Guard(Clocked(self.stores[side], self.now))
        return not _refused(lambda: guard.require(act), ApprovalRequiredError)

    def _note_passed(self, act: Act, used: list[str]) -> None:
        self.passed[act] += len(used)
        for asked in used:
            self.known[asked].status = QuestionStatus.CONSUMED


def _can_expire(model: Asked) -> bool:
    answered_approval = model.status is QuestionStatus.ANSWERED and model.kind is QuestionKind.APPROVAL
    return model.status is QuestionStatus.OPEN or answered_approval


def _refused(act: Any, error: type[Exception]) -> bool:
    try:
        act()
    except error:
        return True
    return False


TestApprovals = Approvals.TestCase
TestApprovals.settings = hypothesis.settings(max_examples=40, stateful_step_count=25, deadline=None)
