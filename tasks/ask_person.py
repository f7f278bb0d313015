"""Ask a person: all open questions at once, answered in Prefect's form or in our own store.

It is composed of tasks and no task itself, because Prefect suspends flows only. A crash while waiting leaves the
questions in the store, and a resumed operation finds late answers there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from prefect import task

from operations.approval_policy import question_of
from operations.approvals import given_answer
from operations.ends import QuestionDraft
from operations.journal import Event
from operations.operation import Operation
from operations.question import Answer
from operations.questions import QuestionStore
from tasks.question_events import used_answers
from tasks.retry_policies import ASK, LOCAL
from tasks.send_codes import send_codes
from tasks.take_form_answers import take_form_answers
from tasks.toolbox import journal_of, questions_of, records_of
from tasks.wait_for_answers import wait_for_answers
from workspace.models import Model

LIFETIME = timedelta(days=1)
"""How long a question can still be answered after nobody waits for it any more."""


class Reply(Model):
    """A question of this operation and what was said; `answer` is None while nobody has answered."""

    draft: QuestionDraft
    question: str
    answer: Answer | None = None


def ask_person(work: Operation, drafts: Sequence[QuestionDraft]) -> tuple[Reply, ...]:
    """Ask all questions at once and wait for the answers, as long as the operation's limits say."""
    take_form_answers(work)
    replies = ask_questions(work, drafts)
    waiting = [reply.question for reply in replies if reply.answer is None]
    until = datetime.now(UTC) + timedelta(seconds=work.limits.answer_wait_seconds)
    if waiting and until > datetime.now(UTC):
        send_codes(work, waiting)
    while waiting and until > datetime.now(UTC):
        wait_for_answers(work, waiting, until)
        # Who mistyped a code is asked again; whoever leaves a question open, or is silent, is not.
        refused = take_form_answers(work)
        waiting = [reply.question for reply in read_answers(work, replies) if reply.answer is None] if refused else []
    return read_answers(work, replies)


@task(task_run_name="ask a person", **ASK)
def ask_questions(work: Operation, drafts: Sequence[QuestionDraft]) -> tuple[Reply, ...]:
    """Store each question, unless it was asked before and answered while nobody waited."""
    store = questions_of(work)
    used = used_answers(work)
    return tuple(_already_given(store, work, draft, used) or _ask(work, store, draft) for draft in drafts)


@task(task_run_name="read answers", **LOCAL)
def read_answers(work: Operation, replies: Sequence[Reply]) -> tuple[Reply, ...]:
    """Return the replies with the answers that the store has by now."""
    store = questions_of(work)
    return tuple(reply.model_copy(update={"answer": store.answer_to(reply.question)}) for reply in replies)


def _already_given(store: QuestionStore, work: Operation, draft: QuestionDraft, used: frozenset[str]) -> Reply | None:
    answer = given_answer(store, work.id, draft, used)
    return Reply(draft=draft, question=answer.question, answer=answer) if answer else None


def _ask(work: Operation, store: QuestionStore, draft: QuestionDraft) -> Reply:
    """Store a fresh question; an older open one of the same resource no longer counts."""
    wait = timedelta(seconds=work.limits.answer_wait_seconds)
    deadline = datetime.now(UTC) + wait + LIFETIME
    question = store.ask(question_of(draft, work, deadline, production=records_of(work).is_production))
    journal_of(work).append(
        Event.QUESTION_ASKED,
        draft.resource,
        question=question.id,
        kind=draft.kind,
        title=draft.title,
        digest=draft.digest,
        deadline=question.deadline,
        needs_verified=question.needs_verified,
        approvers=question.approvers,
        options=[option.model_dump() for option in question.options],
    )
    return Reply(draft=draft, question=question.id)
