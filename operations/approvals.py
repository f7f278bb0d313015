"""What the question store says about an act, without using it up: the guard consumes, here we decide what to ask."""

from __future__ import annotations

from datetime import UTC, datetime

from operations.approval_policy import approves
from operations.ends import QuestionDraft
from operations.question import APPROVE, Answer, Question, QuestionKind, QuestionStatus
from operations.questions import QuestionStore


def is_approved(store: QuestionStore, operation: str, draft: QuestionDraft) -> bool:
    """Tell whether a person who may do so approved exactly this act, in time, and nobody has used the approval."""
    now = datetime.now(UTC)
    return any(approves(question, answer, now) for question, answer in _answers(store, operation, draft))


def rejected_digests(store: QuestionStore, operation: str, resource: str) -> frozenset[str]:
    """Return the digests of all acts on a resource that a person rejected in this operation."""
    found = set()
    for question in store.list(operation, only_open=False):
        answer = store.answer_to(question.id) if question.resource == resource else None
        if answer and question.kind is QuestionKind.APPROVAL and answer.option != APPROVE:
            found.add(question.digest)
    return frozenset(found)


def given_answer(store: QuestionStore, operation: str, draft: QuestionDraft, used: frozenset[str]) -> Answer | None:
    """Return the answer to this very question that came while nobody waited for it; None when there is none unused."""
    for question, answer in _answers(store, operation, draft):
        if question.status is QuestionStatus.ANSWERED and question.id not in used:
            return answer
    return None


def _answers(store: QuestionStore, operation: str, draft: QuestionDraft) -> tuple[tuple[Question, Answer], ...]:
    """Return every question about an act that has an answer that counts, with it."""
    found = []
    store.expire()
    for question in store.list(operation, only_open=False):
        same = (question.resource, question.action, question.digest) == (draft.resource, draft.action, draft.digest)
        answer = store.answer_to(question.id) if same else None
        if answer:
            found.append((question, answer))
    return tuple(found)
