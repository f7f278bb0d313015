"""What the journal says of questions that nobody waits for: answered late, or settled without their answer."""

from __future__ import annotations

from operations.approvals import given_answer, is_approved
from operations.ends import QuestionDraft
from operations.journal import Event
from operations.operation import Operation
from operations.question import Answer
from tasks.toolbox import journal_of, questions_of


def is_allowed(work: Operation, draft: QuestionDraft) -> bool:
    """Tell whether exactly this act is approved and the approval is unused; an answer that came late is noted."""
    if not is_approved(questions_of(work), work.id, draft):
        return False
    answer = given_answer(questions_of(work), work.id, draft, used_answers(work))
    if answer is not None:
        note_answer(work, draft.resource, answer)
    return True


def note_answer(work: Operation, resource: str, answer: Answer) -> None:
    """Write an answer down as acted on; the store keeps when it came."""
    journal_of(work).append(Event.QUESTION_ANSWERED, resource, **answer.model_dump(mode="json", exclude={"at"}))


def used_answers(work: Operation) -> frozenset[str]:
    """Return the ids of the questions whose answers this operation has acted on."""
    events = journal_of(work).events()
    return frozenset(str(event.data["question"]) for event in events if event.event == Event.QUESTION_ANSWERED)


def settle_questions(work: Operation, resource: str, reason: str) -> None:
    """Take back what is still asked about a resource (or `bundle`): it was put right, or is left out, without that."""
    for question in questions_of(work).supersede(work.id, resource):
        journal_of(work).append(Event.QUESTION_SETTLED, resource, question=question, reason=reason)
