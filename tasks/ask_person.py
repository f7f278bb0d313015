"""Ask a person: all open questions in one Prefect pause, answered in Prefect's UI or in our own store.

The form approves nothing by default, and its values are only the way of an answer into the store: what is done later
is what the store says. A crash while waiting leaves the questions in the store, and a resumed operation finds late
answers there.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from prefect import pause_flow_run, task
from prefect.runtime import flow_run

from operations.approvals import given_answer
from operations.ends import QuestionDraft
from operations.journal import Event
from operations.operation import Operation
from operations.question import Answer, Question, QuestionKind
from operations.questions import QuestionStore
from tasks.answer_form import LATER, answer_form, options_in
from tasks.resume_pause import resume_when_answered
from tasks.retry_policies import ASK
from tasks.toolbox import journal_of, questions_of
from workspace.errors import UsageError
from workspace.models import Model

LIFETIME = timedelta(days=1)
"""How long a question can still be answered after nobody waits for it any more."""


class Reply(Model):
    """A question of this operation and what was said; `answer` is None while nobody has answered."""

    draft: QuestionDraft
    question: str
    answer: Answer | None = None


@task(task_run_name="ask a person", **ASK)
def ask_person(work: Operation, drafts: Sequence[QuestionDraft]) -> tuple[Reply, ...]:
    """Ask all questions at once and wait for the answers, as long as the operation's limits say."""
    store, journal = questions_of(work), journal_of(work)
    used = frozenset(
        str(event.data["question"]) for event in journal.events() if event.event == Event.QUESTION_ANSWERED
    )
    replies = [_already_given(store, work, draft, used) or _ask(work, store, draft) for draft in drafts]
    waiting = [store.get(reply.question) for reply in replies if reply.answer is None]
    if waiting and work.limits.answer_wait_seconds > 0:
        _wait(work, store, waiting)
    return tuple(reply.model_copy(update={"answer": store.answer_to(reply.question)}) for reply in replies)


def _already_given(store: QuestionStore, work: Operation, draft: QuestionDraft, used: frozenset[str]) -> Reply | None:
    answer = given_answer(store, work.id, draft, used)
    return Reply(draft=draft, question=answer.question, answer=answer) if answer else None


def _ask(work: Operation, store: QuestionStore, draft: QuestionDraft) -> Reply:
    """Store a fresh question; an older open one of the same resource no longer counts."""
    wait = timedelta(seconds=work.limits.answer_wait_seconds)
    question = store.ask(
        Question(
            operation=work.id,
            resource=draft.resource,
            kind=QuestionKind(draft.kind),
            title=draft.title,
            body=draft.body,
            action=draft.action,
            digest=draft.digest,
            deadline=datetime.now(UTC) + wait + LIFETIME,
        )
    )
    journal_of(work).append(
        Event.QUESTION_ASKED,
        draft.resource,
        question=question.id,
        kind=draft.kind,
        title=draft.title,
        digest=draft.digest,
        deadline=question.deadline,
        options=[option.model_dump() for option in question.options],
    )
    return Reply(draft=draft, question=question.id)


def _wait(work: Operation, store: QuestionStore, questions: list[Question]) -> None:
    """Pause the flow run until every question has its answer, from wherever it comes, or the time is over.

    Prefect fails a run whose pause times out even if the flow goes on, so the run is resumed from here before that.
    """
    seconds = work.limits.answer_wait_seconds
    stop = threading.Event()
    deadline = datetime.now(UTC) + timedelta(seconds=seconds)
    watcher = threading.Thread(
        target=resume_when_answered,
        args=(UUID(str(flow_run.id)), store, questions, deadline, stop),
        name="answers",
        daemon=True,
    )
    watcher.start()
    try:
        form = pause_flow_run(
            wait_for_input=answer_form(questions),
            timeout=int(seconds) + 600,
            poll_interval=2,
            key=" ".join(question.id for question in questions),
        )
    finally:
        stop.set()
        watcher.join(timeout=10)
    _store_answers(store, questions, options_in(form, questions))


def _store_answers(store: QuestionStore, questions: list[Question], said: dict[str, tuple[str, str]]) -> None:
    for question in questions:
        option, note = said[question.id]
        if option == LATER or store.answer_to(question.id):
            continue
        answer = Answer(
            question=question.id, option=option, note=note, by="unverified (Prefect UI)", source="prefect-ui"
        )
        try:
            store.answer(answer)
        except UsageError:
            # Answered elsewhere in this very moment: the first answer counts.
            if store.answer_to(question.id) is None:
                raise
