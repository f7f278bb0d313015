"""How questions, answers and their trail stand in the database: its schema, and rows as models."""

from __future__ import annotations

import os
import sqlite3
from datetime import UTC, datetime

from pydantic import ValidationError

from operations.question import Answer, AuditRow, Question, QuestionStatus
from workspace.errors import StateError, UsageError

SCHEMA = """
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


def find(connection: sqlite3.Connection, identifier: str) -> Question:
    """Return a question.

    Raises:
        UsageError: there is no such question.
    """
    row = connection.execute("SELECT document, status FROM questions WHERE id = ?", (identifier,)).fetchone()
    if row is None:
        raise UsageError(f"There is no question {identifier}; list the open questions to see their ids.")
    return as_question(*row)


def as_question(document: str, status: str) -> Question:
    """Return the question that a row holds.

    Raises:
        StateError: it is damaged.
    """
    try:
        return Question.model_validate_json(document).model_copy(update={"status": QuestionStatus(status)})
    except ValueError as error:
        raise _damaged() from error


def find_answer(connection: sqlite3.Connection, question: str) -> Answer | None:
    """Return the answer to a question, None while there is none.

    Raises:
        StateError: it is damaged.
    """
    row = connection.execute("SELECT document FROM answers WHERE question = ?", (question,)).fetchone()
    try:
        return Answer.model_validate_json(row[0]) if row else None
    except ValidationError as error:
        raise _damaged() from error


def insert(connection: sqlite3.Connection, question: Question) -> None:
    """Add a question."""
    row = (question.id, question.operation, question.resource, question.kind, question.action, question.digest)
    times = (as_text(question.created_at), as_text(question.deadline), question.status, question.model_dump_json())
    connection.execute("INSERT INTO questions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, *times))


def add_to_trail(
    connection: sqlite3.Connection,
    question: Question,
    change: str,
    at: datetime,
    answer: Answer | None = None,
    detail: str = "",
) -> None:
    """Write down who changed a question, when, from where, and what was at stake."""
    who, source = f"process {os.getpid()}", "operation"
    if answer:
        who, source = answer.by, f"{answer.source} ({answer.place})" if answer.place else answer.source
    connection.execute(
        "INSERT INTO audit (question, at, change, who, source, digest, detail) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (question.id, as_text(at), change, who, source, question.digest, detail),
    )


def trail(connection: sqlite3.Connection, question: str | None) -> tuple[AuditRow, ...]:
    """Return the trail of one question or of all, oldest first."""
    rows = connection.execute(
        "SELECT question, at, change, who, source, digest, detail FROM audit"
        " WHERE ? IS NULL OR question = ? ORDER BY number",
        (question, question),
    ).fetchall()
    names = ("question", "at", "change", "by", "source", "digest", "detail")
    return tuple(AuditRow.model_validate(dict(zip(names, row, strict=True))) for row in rows)


def as_text(moment: datetime) -> str:
    """Spell a moment so that texts compare as the moments do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _damaged() -> StateError:
    return StateError(
        "A question or answer in the question store is damaged. Nothing was approved; move questions.sqlite3 out of "
        "the state directory and resume the operation to be asked anew."
    )
