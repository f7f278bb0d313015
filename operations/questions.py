"""The store of questions and answers: SQLite, safe for threads and processes, with a trail of every change.

Whoever asks the store for an approval gets it at most once, and only for exactly what a person approved.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from operations import one_time_codes
from operations.approval_policy import AnswerRefusedError, approves, how_to_approve, in_words, refusal_of
from operations.question import (
    APPROVE,
    REFUSED,
    WRONG_CODE,
    Answer,
    AuditRow,
    Question,
    QuestionKind,
    QuestionStatus,
    question_id,
)
from operations.question_rows import SCHEMA, add_to_trail, as_question, as_text, find, find_answer, insert, trail
from workspace.errors import ApprovalRequiredError, StateError, UsageError
from workspace.redaction import redact

__all__ = ["Answer", "AuditRow", "Question", "QuestionKind", "QuestionStatus", "QuestionStore"]


class QuestionStore:
    """All questions of one state directory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with FileLock(path.with_suffix(".setup.lock"), mode=0o600):
                os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
                connection = self._connect()
                connection.execute("PRAGMA journal_mode = WAL")
                connection.executescript(SCHEMA + one_time_codes.SCHEMA)
                connection.close()
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error

    def ask(self, question: Question) -> Question:
        """Store a question and supersede the open ones of the same operation and resource.

        Returns:
            The question as stored; its id is another one where the proposed id was taken.
        """
        question = question.model_copy(update={"title": redact(question.title), "body": redact(question.body)})
        with self._change() as connection:
            self._supersede(connection, question.operation, question.resource, question.created_at)
            while connection.execute("SELECT 1 FROM questions WHERE id = ?", (question.id,)).fetchone():
                question = question.model_copy(update={"id": question_id()})
            insert(connection, question)
            add_to_trail(connection, question, "asked", question.created_at)
        return question

    def supersede(self, operation: str, resource: str | None) -> tuple[str, ...]:
        """Take back the open questions about a resource of an operation, and return their ids."""
        with self._change() as connection:
            return self._supersede(connection, operation, resource, datetime.now(UTC))

    def answerable(self, question: str, option: str) -> Question:
        """Return a question to which this option can be said now; nothing is stored.

        Raises:
            UsageError: the question is unknown, answered, expired or superseded, or does not offer the option.
        """
        found = self.get(question)
        _refuse_unanswerable(found, option, datetime.now(UTC))
        return found

    def keep_code(self, question: str, approver: str, code: str) -> None:
        """Let the one-time code that was sent to an approver prove that an answer is theirs; only its hash is kept.

        Raises:
            UsageError: there is no such question, or this approver's code could approve nothing of it.
        """
        with self._change() as connection:
            found = find(connection, question)
            one_time_codes.keep_code(connection, found, approver, code)
            add_to_trail(connection, found, "code sent", datetime.now(UTC), detail=f"to {approver}")

    def code_holders(self, question: str) -> tuple[str, ...]:
        """Return the approvers who were sent a code that can still be used."""
        with self._change() as connection:
            return one_time_codes.holders(connection, find(connection, question))

    def answer(self, answer: Answer, code: str | None = None) -> Answer:
        """Store the answer to an open question.

        Args:
            answer: What was said. With a right code it becomes the verified answer of the approver who got that.
            code: One-time code that came with it; None where none can be given.

        Raises:
            UsageError: the question is unknown, answered, expired or superseded, or does not offer the option.
            AnswerRefusedError: it approves, and came from nobody who proved to be allowed to; the question stays open.
        """
        changes = {"note": redact(answer.note), "why_unverified": redact(answer.why_unverified)}
        answer = answer.model_copy(update=changes)
        with self._change() as connection:
            question = find(connection, answer.question)
            _refuse_unanswerable(question, answer.option, answer.at)
            if code is not None:
                answer = one_time_codes.proven_by_code(connection, question, answer, code)
            refusal = refusal_of(question, answer)
            if refusal:
                change = WRONG_CODE if (code or "").strip() and not answer.verified else REFUSED
                add_to_trail(connection, question, change, answer.at, answer, f"{answer.option}: {refusal}")
            else:
                one_time_codes.forget_codes(connection, question.id)
                connection.execute(
                    "INSERT INTO answers VALUES (?, ?, ?)", (question.id, answer.option, answer.model_dump_json())
                )
                connection.execute("UPDATE questions SET status = 'answered' WHERE id = ?", (question.id,))
                add_to_trail(connection, question, "answered", answer.at, answer, in_words(question, answer))
        if refusal:
            raise AnswerRefusedError(
                f"Question {question.id} was not approved and stays open: {refusal}. {how_to_approve(question)}"
            )
        return answer

    def get(self, question: str) -> Question:
        """Return a question.

        Raises:
            UsageError: there is no such question.
        """
        with self._change() as connection:
            return find(connection, question)

    def answer_to(self, question: str) -> Answer | None:
        """Return the answer to a question, None while there is none that counts."""
        with self._change() as connection:
            answer = find_answer(connection, question)
            counts = answer is not None and not refusal_of(find(connection, question), answer)
            return answer if counts else None

    def list(self, operation: str | None = None, *, only_open: bool = True) -> tuple[Question, ...]:
        """Return the questions of one operation or of all, oldest first."""
        with self._change() as connection:
            rows = connection.execute(
                "SELECT document, status FROM questions WHERE (? IS NULL OR operation = ?)"
                " AND (NOT ? OR status = 'open') ORDER BY created_at, rowid",
                (operation, operation, only_open),
            ).fetchall()
        return tuple(as_question(document, status) for document, status in rows)

    def expire(self, now: datetime | None = None) -> tuple[str, ...]:
        """Expire open questions and unused approvals whose deadline has passed; return their ids."""
        now = now or datetime.now(UTC)
        with self._change() as connection:
            rows = connection.execute(
                "SELECT id FROM questions WHERE deadline <= ?"
                " AND (status = 'open' OR (status = 'answered' AND kind = 'approval'))",
                (as_text(now),),
            ).fetchall()
            for (identifier,) in rows:
                self._set_status(connection, identifier, QuestionStatus.EXPIRED, now)
        return tuple(identifier for (identifier,) in rows)

    def consume(
        self, *, operation: str, resource: str | None, action: str, digest: str, now: datetime | None = None
    ) -> Answer:
        """Use up the approval of exactly this act.

        Returns:
            The approving answer, which no later call will return.

        Raises:
            ApprovalRequiredError: nobody approved exactly this, or the approval is used or too old.
        """
        now, act = now or datetime.now(UTC), (operation, resource, action, digest)
        with self._change() as connection:
            for identifier in _asked_about(connection, act):
                question, answer = find(connection, identifier), find_answer(connection, identifier)
                # The columns only find the row: what is allowed is what the documents say.
                said = (question.operation, question.resource, question.action, question.digest)
                if answer and said == act and approves(question, answer, now):
                    self._set_status(connection, identifier, QuestionStatus.CONSUMED, now)
                    return answer
            why = _why_not(connection, act, now)
        raise ApprovalRequiredError(f"{action} on {resource or 'the bundle'} needs an approval: {why}.")

    def audit(self, question: str | None = None) -> tuple[AuditRow, ...]:
        """Return the trail of one question or of all, oldest first."""
        with self._change() as connection:
            return trail(connection, question)

    def _connect(self) -> sqlite3.Connection:
        """Open a connection; each call has its own, so threads share none."""
        connection = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        # A consumption that a power cut takes back could be consumed twice.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """Run one transaction that excludes all other writers from its first read on."""
        try:
            connection = self._connect()
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        finally:
            # Closing rolls back whatever was not committed.
            connection.close()

    def _supersede(
        self, connection: sqlite3.Connection, operation: str, resource: str | None, now: datetime
    ) -> tuple[str, ...]:
        rows = connection.execute(
            "SELECT id FROM questions WHERE operation = ? AND resource IS ? AND status = 'open' ORDER BY rowid",
            (operation, resource),
        ).fetchall()
        for (identifier,) in rows:
            self._set_status(connection, identifier, QuestionStatus.SUPERSEDED, now)
        return tuple(identifier for (identifier,) in rows)

    def _set_status(
        self, connection: sqlite3.Connection, identifier: str, status: QuestionStatus, now: datetime
    ) -> None:
        connection.execute("UPDATE questions SET status = ? WHERE id = ?", (status, identifier))
        one_time_codes.forget_codes(connection, identifier)
        add_to_trail(connection, find(connection, identifier), status, now)

    def _unusable(self, error: Exception) -> StateError:
        return StateError(
            f"The question store {self.path} cannot be used: {error}. "
            "Check that its folder is writable and the disk is not full; nothing was approved."
        )


def _refuse_unanswerable(question: Question, option: str, at: datetime) -> None:
    """Refuse an answer that comes too late or was not offered."""
    reasons = {
        QuestionStatus.ANSWERED: "is answered already",
        QuestionStatus.CONSUMED: "is answered already, and what it allowed was done",
        QuestionStatus.EXPIRED: f"expired at {as_text(question.deadline)}; resume the operation to be asked anew",
        QuestionStatus.SUPERSEDED: "was replaced or taken back: what it was about is settled. List the open questions",
    }
    status = question.status
    if status is QuestionStatus.OPEN and at >= question.deadline:
        status = QuestionStatus.EXPIRED
    if status is not QuestionStatus.OPEN:
        raise UsageError(f"Question {question.id} {reasons[status]}.")
    offered = [one.id for one in question.options]
    if option not in offered:
        raise UsageError(f"Question {question.id} does not offer {option!r}; it offers: {', '.join(offered)}.")


def _asked_about(connection: sqlite3.Connection, act: tuple[str, str | None, str, str]) -> list[str]:
    """Return the ids of the approvals that were asked about an act, oldest first."""
    rows = connection.execute(
        "SELECT id FROM questions WHERE operation = ? AND resource IS ? AND action = ? AND digest = ?"
        " AND kind = 'approval' ORDER BY created_at, rowid",
        act,
    )
    return [identifier for (identifier,) in rows.fetchall()]


def _why_not(connection: sqlite3.Connection, act: tuple[str, str | None, str, str], now: datetime) -> str:
    """Say why there is no approval of this act, from the newest question about it."""
    asked = _asked_about(connection, act)
    if not asked:
        return f"nobody was asked about exactly this (digest {act[3][:12]})"
    question, answer = find(connection, asked[-1]), find_answer(connection, asked[-1])
    if question.status is QuestionStatus.ANSWERED and answer:
        if answer.option != APPROVE:
            return f"question {question.id} was answered {answer.option!r}"
        if question.deadline <= now:
            return f"{question.id} is too old"
        reason = refusal_of(question, answer) or "it does not fit the question"
        return f"question {question.id} has an answer that does not count: {reason}"
    words = {QuestionStatus.OPEN: "has no answer yet", QuestionStatus.CONSUMED: "was used already; it counts once"}
    return f"question {question.id} {words.get(question.status, f'is {question.status}')}"
