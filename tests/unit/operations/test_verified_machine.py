"""However people ask, answer, pose as others and forge, an act passes only after a verified approval of its own."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from operations.question import Answer
from operations.questions import QuestionStore
from tests.unit.operations.question_maker import ACT, answer, question
from workspace.errors import ApprovalRequiredError, UsageError

MEMORY = Path("/dev/shm")  # noqa: S108 - the folder below it is made with a name of its own, for the owner only
DIGESTS = st.sampled_from(["d1", "d2"])
PEOPLE = st.sampled_from(["ann", "eve", "0f3c9a52-6d1e-4b7a-9c11-2f60f5a3e8b4"])
APPROVERS = st.sampled_from([(), ("ann",), ("Ann", "bob")])


class VerifiedApprovals(RuleBasedStateMachine):
    """Every question needs a verified person. Only `answer` can make an approval, and the model counts those."""

    questions: Bundle[str] = Bundle("questions")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
        self.store = QuestionStore(Path(self.folder.name) / "questions.sqlite3")
        self.approved: Counter[str] = Counter()
        self.passed: Counter[str] = Counter()

    def teardown(self) -> None:
        self.folder.cleanup()

    @rule(target=questions, digest=DIGESTS, approvers=APPROVERS)
    def ask(self, digest: str, approvers: tuple[str, ...]) -> str:
        return self._ask(digest, approvers)

    @rule(target=questions, digest=DIGESTS, approvers=APPROVERS)
    def ask_and_approve(self, digest: str, approvers: tuple[str, ...]) -> str:
        asked = self._ask(digest, approvers)
        self.answer(asked, "ann", "approve", verified=True)
        return asked

    @rule(asked=questions, by=PEOPLE, option=st.sampled_from(["approve", "approve", "reject"]), verified=st.booleans())
    def answer(self, asked: str, by: str, option: str, *, verified: bool) -> None:
        one = self.store.get(asked)
        with contextlib.suppress(UsageError):
            self.store.answer(answer(one, option, by=by, verified=verified))
            if option == "approve":
                # Of these people only ann is ever allowed: eve is no approver where there are any, the last no person.
                assert verified
                assert by == "ann" or (by == "eve" and not one.approvers)
                self.approved[one.digest] += 1

    @rule(digest=DIGESTS, approvers=APPROVERS, by=PEOPLE)
    def forge_an_unverified_answer(self, digest: str, approvers: tuple[str, ...], by: str) -> None:
        asked = self._ask(digest, approvers)
        self._write(asked, answer(self.store.get(asked), by=by))
        self.act(digest)

    @rule(other=questions, digest=DIGESTS)
    def copy_an_answer_to_another_question(self, other: str, digest: str) -> None:
        copied = self.store.answer_to(other)
        if copied:
            self._write(self._ask(digest, ()), copied)
            self.act(digest)

    @rule(asked=questions, digest=DIGESTS)
    def move_an_approval_to_another_act(self, asked: str, digest: str) -> None:
        if self.store.get(asked).digest != digest:
            self._run("UPDATE questions SET digest = ? WHERE id = ?", digest, asked)
            self.act(digest)

    @rule(digest=DIGESTS)
    def act(self, digest: str) -> None:
        """Act until it is refused."""
        with contextlib.suppress(ApprovalRequiredError):
            while True:
                self.store.consume(**{**ACT, "digest": digest})
                self.passed[digest] += 1

    @invariant()
    def no_act_passes_more_often_than_it_was_approved(self) -> None:
        assert self.passed <= self.approved

    def _ask(self, digest: str, approvers: tuple[str, ...]) -> str:
        return self.store.ask(question(digest=digest, needs_verified=True, approvers=approvers)).id

    def _write(self, asked: str, given: Answer) -> None:
        self._run("INSERT OR REPLACE INTO answers VALUES (?, 'approve', ?)", asked, given.model_dump_json())
        self._run("UPDATE questions SET status = 'answered' WHERE id = ?", asked)

    def _run(self, statement: str, *values: str) -> None:
        with closing(sqlite3.connect(self.store.path)) as connection, connection:
            connection.execute(statement, values)


TestVerifiedApprovals = VerifiedApprovals.TestCase
TestVerifiedApprovals.settings = hypothesis.settings(max_examples=40, stateful_step_count=25, deadline=None)
