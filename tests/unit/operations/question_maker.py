"""Questions and answers with usual values, of which a test changes the one that it is about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from operations.ends import QuestionDraft
from operations.question import Answer, Question, QuestionKind
from operations.questions import QuestionStore

OPERATION = "20261123-211502-k7fd"
HOUR = timedelta(hours=1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)

ACT: dict[str, Any] = {"operation": OPERATION, "resource": "jobs.gold", "action": "apply_fix", "digest": "d1"}


def question(**changes: Any) -> Question:
    """An approval that can be answered for an hour from when it was asked."""
    asked_at = changes.get("created_at") or datetime.now(UTC)
    usual = {**ACT, "kind": QuestionKind.APPROVAL, "title": "Apply?", "body": "", "created_at": asked_at}
    return Question(**{**usual, "deadline": asked_at + HOUR, **changes})


def answer(asked: Question, option: str = "approve", **changes: Any) -> Answer:
    """An answer that came when the question was asked."""
    usual = {"question": asked.id, "option": option, "by": "ann", "source": "terminal", "at": asked.created_at}
    return Answer(**{**usual, **changes})


def answered(store: QuestionStore, option: str = "approve", **changes: Any) -> Question:
    """Ask a question and answer it."""
    asked = store.ask(question(**changes))
    store.answer(answer(asked, option))
    return asked


def draft(**changes: Any) -> QuestionDraft:
    """What would be asked about the usual act."""
    usual = {name: value for name, value in ACT.items() if name != "operation"}
    return QuestionDraft(**{**usual, "kind": "approval", "title": "Apply?", "body": "", **changes})
