"""One-time codes: proof that whoever fills in Prefect's form reads the messages of a named approver.

A code is known to the approver only; here is a salted hash of it, bound to one question, its digest and the approver.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import sqlite3

from operations.question import APPROVE, WRONG_CODE, Answer, Question, QuestionStatus
from workspace.errors import UsageError

SCHEMA = """
CREATE TABLE IF NOT EXISTS codes (
    question TEXT NOT NULL REFERENCES questions (id), approver TEXT NOT NULL, salt BLOB NOT NULL, hash BLOB NOT NULL,
    PRIMARY KEY (question, approver)
) STRICT;
"""
MAX_WRONG_CODES = 5
"""Wrong codes for one act, over all questions that one operation asked about it; after them no code counts for it."""

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without letters and digits that are mistaken for one another."""
_LENGTH = 10


def new_code() -> str:
    """Return a random code of 49 bits, such as 7KQ4M-WT3XZ."""
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    return f"{code[: _LENGTH // 2]}-{code[_LENGTH // 2 :]}"


def keep_code(connection: sqlite3.Connection, question: Question, approver: str, code: str) -> None:
    """Keep the hash of a code with which this approver can answer this question.

    Raises:
        UsageError: the question is not open, or needs no verified person, or this one may not approve it.
    """
    allowed = not question.approvers or approver.casefold() in {name.casefold() for name in question.approvers}
    if question.status is not QuestionStatus.OPEN or not question.needs_verified or not allowed:
        raise UsageError(f"A code of {approver} could approve nothing of question {question.id}.")
    salt = secrets.token_bytes(16)
    row = (question.id, approver, salt, _hash(question, approver, code, salt))
    connection.execute("INSERT OR REPLACE INTO codes VALUES (?, ?, ?, ?)", row)


def forget_codes(connection: sqlite3.Connection, question: str) -> None:
    """Forget the codes of a question that is no longer open: none can be used again."""
    connection.execute("DELETE FROM codes WHERE question = ?", (question,))


def holders(connection: sqlite3.Connection, question: Question) -> tuple[str, ...]:
    """Return the approvers whose codes can answer this question."""
    if question.status is not QuestionStatus.OPEN or _wrong_codes(connection, question) >= MAX_WRONG_CODES:
        return ()
    rows = connection.execute("SELECT approver FROM codes WHERE question = ? ORDER BY approver", (question.id,))
    return tuple(approver for (approver,) in rows.fetchall())


def proven_by_code(connection: sqlite3.Connection, question: Question, answer: Answer, code: str) -> Answer:
    """Return the answer as that of the approver whose code came with it; as it is where no code is needed."""
    if answer.option != APPROVE or answer.verified or not question.needs_verified:
        return answer
    if not code.strip():
        return answer.model_copy(update={"why_unverified": "no one-time code was given"})
    for approver in holders(connection, question):
        salt, kept = connection.execute(
            "SELECT salt, hash FROM codes WHERE question = ? AND approver = ?", (question.id, approver)
        ).fetchone()
        if hmac.compare_digest(kept, _hash(question, approver, code, salt)):
            proof = f"one-time code sent to {approver}"
            return answer.model_copy(update={"by": approver, "verified": True, "proof": proof, "why_unverified": ""})
    return answer.model_copy(update={"why_unverified": _why_wrong(connection, question)})


def _why_wrong(connection: sqlite3.Connection, question: Question) -> str:
    left = MAX_WRONG_CODES - _wrong_codes(connection, question)
    if left <= 0:
        return "too many wrong one-time codes were entered, so none counts for this any more"
    return "the one-time code is wrong" if left > 1 else "the one-time code is wrong, and no further one counts"


def _wrong_codes(connection: sqlite3.Connection, question: Question) -> int:
    """Count the wrong codes in the trail; a question that is asked anew about the same act gives no new attempts."""
    act = (question.operation, question.resource, question.action, question.digest)
    (count,) = connection.execute(
        "SELECT count(*) FROM audit JOIN questions ON questions.id = audit.question WHERE audit.change = ?"
        " AND operation = ? AND resource IS ? AND action = ? AND questions.digest = ?",
        (WRONG_CODE, *act),
    ).fetchone()
    return int(count)


def _hash(question: Question, approver: str, code: str, salt: bytes) -> bytes:
    typed = "".join(character for character in code.upper() if character.isalnum())
    bound = json.dumps([question.id, question.action, question.digest, approver, typed])
    return hashlib.scrypt(bound.encode(), salt=salt, n=2**14, r=8, p=1)
