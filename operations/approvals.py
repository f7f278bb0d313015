"""What the question store says about an act, without using it up: the guard consumes, here we decide what to ask."""

from __future__ import annotations

from operations.ends import QuestionDraft
from operations.question import APPROVE, Answer, QuestionKind, QuestionStatus
from operations.questions import QuestionStore


def is_approved(store: QuestionStore, operation: str, draft: QuestionDraft) -> bool:
    """Tell whether a person approved exactly this act and nobody has used the approval."""
    return any(
        answer.option == APPROVE
        for status, answer in _answers(store, operation, draft)
        if status is QuestionStatus.ANSWERED
    )


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
    for status, answer in _answers(store, operation, draft):
        if status is QuestionStatus.ANSWERED and answer.question not in used:
            return answer
    return None


def _answers(store: QuestionStore, operation: str, draft: QuestionDraft) -> tuple[tuple[QuestionStatus, Answer], ...]:
    found = []
    store.expire()
    for question in store.list(operation, only_open=False):
        same = (question.resource, question.action, question.digest) == (draft.resource, draft.action, draft.digest)
        answer = store.answer_to(question.id) if same else None
        if answer:
            found.append((question.status, answer))
    return tuple(found)
