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

from operations.question import APPROVE, Answer, AuditRow, Question, QuestionKind, QuestionStatus, question_id
from workspace.errors import ApprovalRequiredError, StateError, UsageError
from workspace.redaction import redact

__all__ = ["Answer", "AuditRow", "Question", "QuestionKind", "QuestionStatus", "QuestionStore"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS questions (
    id TEXT PRIMARY KEY, operation TEXT NOT NULL, resource TEXT, kind TEXT NOT NULL, action TEXT NOT NULL,
    digest TEXT NOT NULL, created_at TEXT NOT NULL, deadline TEXT NOT NULL, status TEXT NOT NULL,
    document TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS questions_of_operation ON questions (operation, resource, status);
CREATE TABLE IF NOT EXISTS answers (
    question TEXT PRIMARY KEY REFERENCES questions (id), option TEXT NOT NULL, document TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS audit (
    number INTEGER PRIMARY KEY, question TEXT NOT NULL, at TEXT NOT NULL, change TEXT NOT NULL, who TEXT NOT NULL,
    source TEXT NOT NULL, digest TEXT NOT NULL, detail TEXT NOT NULL
) STRICT;
"""


class QuestionStore:
    """All questions of one state directory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with FileLock(path.with_suffix(".setup.lock"), mode=0o600):
                os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
                connection = self._connect()
                connection.execute("PRAGMA journal_mode = WAL")
                connection.executescript(_SCHEMA)
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
            older = connection.execute(
                "SELECT id FROM questions WHERE operation = ? AND resource IS ? AND status = 'open'",
                (question.operation, question.resource),
            ).fetchall()
            for (identifier,) in older:
                self._set_status(connection, identifier, QuestionStatus.SUPERSEDED, question.created_at)
            while connection.execute("SELECT 1 FROM questions WHERE id = ?", (question.id,)).fetchone():
                question = question.model_copy(update={"id": question_id()})
            row = (question.id, question.operation, question.resource, question.kind, question.action, question.digest)
            times = (_text(question.created_at), _text(question.deadline), question.status, question.model_dump_json())
            connection.execute("INSERT INTO questions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, *times))
            _trail(connection, question, "asked", question.created_at)
        return question

    def answer(self, answer: Answer) -> Answer:
        """Store the answer to an open question.

        Raises:
            UsageError: the question is unknown, answered, expired or superseded, or does not offer the option.
        """
        answer = answer.model_copy(update={"note": redact(answer.note)})
        with self._change() as connection:
            question = _find(connection, answer.question)
            _refuse_unanswerable(question, answer)
            connection.execute(
                "INSERT INTO answers VALUES (?, ?, ?)", (question.id, answer.option, answer.model_dump_json())
            )
            connection.execute("UPDATE questions SET status = 'answered' WHERE id = ?", (question.id,))
            proof = "verified" if answer.verified else "unverified"
            _trail(connection, question, "answered", answer.at, answer=answer, detail=f"{answer.option}, {proof}")
        return answer

    def get(self, question: str) -> Question:
        """Return a question.

        Raises:
            UsageError: there is no such question.
        """
        with self._change() as connection:
            return _find(connection, question)

    def answer_to(self, question: str) -> Answer | None:
        """Return the answer to a question, None while there is none."""
        with self._change() as connection:
            return _answer(connection, question)

    def list(self, operation: str | None = None, *, only_open: bool = True) -> tuple[Question, ...]:
        """Return the questions of one operation or of all, oldest first."""
        with self._change() as connection:
            rows = connection.execute(
                "SELECT document, status FROM questions WHERE (? IS NULL OR operation = ?)"
                " AND (NOT ? OR status = 'open') ORDER BY created_at, rowid",
                (operation, operation, only_open),
            ).fetchall()
        return tuple(_question(document, status) for document, status in rows)

    def expire(self, now: datetime | None = None) -> tuple[str, ...]:
        """Expire open questions and unused approvals whose deadline has passed; return their ids."""
        now = now or datetime.now(UTC)
        with self._change() as connection:
            rows = connection.execute(
                "SELECT id FROM questions WHERE deadline <= ?"
                " AND (status = 'open' OR (status = 'answered' AND kind = 'approval'))",
                (_text(now),),
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
        now = now or datetime.now(UTC)
        with self._change() as connection:
            row = connection.execute(
                "SELECT q.id FROM questions q JOIN answers a ON a.question = q.id"
                " WHERE q.operation = ? AND q.resource IS ? AND q.action = ? AND q.digest = ?"
                " AND q.kind = 'approval' AND q.status = 'answered' AND a.option = ? AND q.deadline > ?"
                " ORDER BY q.created_at, q.rowid LIMIT 1",
                (operation, resource, action, digest, APPROVE, _text(now)),
            ).fetchone()
            answer = _answer(connection, row[0]) if row else None
            if answer is not None:
                self._set_status(connection, answer.question, QuestionStatus.CONSUMED, now)
                return answer
            why = _why_not(connection, (operation, resource, action, digest))
        raise ApprovalRequiredError(f"{action} on {resource or 'the bundle'} needs an approval: {why}.")

    def audit(self, question: str | None = None) -> tuple[AuditRow, ...]:
        """Return the trail of one question or of all, oldest first."""
        with self._change() as connection:
            rows = connection.execute(
                "SELECT question, at, change, who, source, digest, detail FROM audit"
                " WHERE ? IS NULL OR question = ? ORDER BY number",
                (question, question),
            ).fetchall()
        names = ("question", "at", "change", "by", "source", "digest", "detail")
        return tuple(AuditRow.model_validate(dict(zip(names, row, strict=True))) for row in rows)

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

    def _set_status(
        self, connection: sqlite3.Connection, identifier: str, status: QuestionStatus, now: datetime
    ) -> None:
        connection.execute("UPDATE questions SET status = ? WHERE id = ?", (status, identifier))
        _trail(connection, _find(connection, identifier), status, now)

    def _unusable(self, error: Exception) -> StateError:
        return StateError(
            f"The question store {self.path} cannot be used: {error}. "
            "Check that its folder is writable and the disk is not full; nothing was approved."
        )


def _refuse_unanswerable(question: Question, answer: Answer) -> None:
    """Refuse an answer that comes too late or was not offered."""
    reasons = {
        QuestionStatus.ANSWERED: "is answered already",
        QuestionStatus.CONSUMED: "is answered already, and what it allowed was done",
        QuestionStatus.EXPIRED: f"expired at {_text(question.deadline)}; resume the operation to be asked anew",
        QuestionStatus.SUPERSEDED: "was replaced by a newer one; list the open questions",
    }
    status = question.status
    if status is QuestionStatus.OPEN and answer.at >= question.deadline:
        status = QuestionStatus.EXPIRED
    if status is not QuestionStatus.OPEN:
        raise UsageError(f"Question {question.id} {reasons[status]}.")
    offered = [option.id for option in question.options]
    if answer.option not in offered:
        raise UsageError(f"Question {question.id} does not offer {answer.option!r}; it offers: {', '.join(offered)}.")


def _why_not(connection: sqlite3.Connection, act: tuple[str, str | None, str, str]) -> str:
    """Say why there is no approval of this act, from the newest question about it."""
    row = connection.execute(
        "SELECT q.id, q.status, a.option FROM questions q LEFT JOIN answers a ON a.question = q.id"
        " WHERE q.operation = ? AND q.resource IS ? AND q.action = ? AND q.digest = ? AND q.kind = 'approval'"
        " ORDER BY q.created_at DESC, q.rowid DESC LIMIT 1",
        act,
    ).fetchone()
    if row is None:
        return f"nobody was asked about exactly this (digest {act[3][:12]})"
    identifier, status, option = row
    if status == QuestionStatus.ANSWERED:
        return f"question {identifier} was answered {option!r}" if option != APPROVE else f"{identifier} is too old"
    words = {QuestionStatus.OPEN: "has no answer yet", QuestionStatus.CONSUMED: "was used already; it counts once"}
    return f"question {identifier} {words.get(status, f'is {status}')}"


def _find(connection: sqlite3.Connection, identifier: str) -> Question:
    row = connection.execute("SELECT document, status FROM questions WHERE id = ?", (identifier,)).fetchone()
    if row is None:
        raise UsageError(f"There is no question {identifier}; list the open questions to see their ids.")
    return _question(*row)


def _question(document: str, status: str) -> Question:
    return Question.model_validate_json(document).model_copy(update={"status": QuestionStatus(status)})


def _answer(connection: sqlite3.Connection, question: str) -> Answer | None:
    row = connection.execute("SELECT document FROM answers WHERE question = ?", (question,)).fetchone()
    return Answer.model_validate_json(row[0]) if row else None


def _trail(
    connection: sqlite3.Connection,
    question: Question,
    change: str,
    at: datetime,
    answer: Answer | None = None,
    detail: str = "",
) -> None:
    """Write down who changed a question, when, from where, and what was at stake."""
    who, source = (answer.by, answer.source) if answer else (f"process {os.getpid()}", "operation")
    connection.execute(
        "INSERT INTO audit (question, at, change, who, source, digest, detail) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (question.id, _text(at), change, who, source, question.digest, detail),
    )


def _text(moment: datetime) -> str:
    """Spell a moment so that texts compare as the moments do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
