"""Wait for a person: a short wait pauses the flow run, a long one suspends it and frees its process.

What comes back is not looked at here: Prefect may return an old form after a crash. Answers are taken from the form by
`take_form_answers` and from nowhere but the store after that.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from prefect import pause_flow_run, suspend_flow_run, task
from prefect.input import RunInput
from prefect.runtime import deployment, flow_run

from operations.journal import Event
from operations.operation import Operation
from operations.question import Question
from operations.questions import QuestionStore
from tasks.answer_form import answer_form
from tasks.resume_pause import resume_when_answered
from tasks.retry_policies import ASK
from tasks.toolbox import journal_of, questions_of

PAUSED = "paused"
SUSPENDED = "suspended"
"""How Prefect names the state, and with it the place of the form's answers."""

SPARE_SECONDS = 600
"""Prefect fails a run whose pause times out even if the flow goes on, so we resume it ourselves well before that."""


def wait_for_answers(work: Operation, identifiers: Sequence[str], until: datetime) -> None:
    """Wait until every question has its answer, from wherever it comes, or the time is over.

    Args:
        work: The operation.
        identifiers: Ids of the questions.
        until: When the time is over.

    Raises:
        prefect.exceptions.Pause: the flow run is suspended, and this process is done with it. The run starts anew from
            its top once it is resumed.
    """
    if is_long(work) and can_suspend():
        _suspend(work, identifiers, until)
    else:
        pause_for_answers(work, identifiers, until)


def is_long(work: Operation) -> bool:
    """Tell whether the allowed wait is too long to keep a process for it."""
    return work.limits.answer_wait_seconds > work.limits.suspend_after_seconds


def can_suspend() -> bool:
    """Tell whether Prefect could start this flow run again: it belongs to a deployment and to no other flow run."""
    return bool(deployment.id) and not flow_run.parent_flow_run_id


@task(task_run_name="wait for answers", **ASK)
def pause_for_answers(work: Operation, identifiers: Sequence[str], until: datetime) -> None:
    """Pause the flow run; a thread resumes it as soon as the store has the answers, or when the time is over."""
    store, stop = questions_of(work), threading.Event()
    questions = [store.get(identifier) for identifier in identifiers]
    watcher = threading.Thread(
        target=resume_when_answered,
        args=(UUID(str(flow_run.id)), store, questions, until, stop),
        name="answers",
        daemon=True,
    )
    key = _note_wait(work, questions, PAUSED, until)
    watcher.start()
    try:
        form, timeout = _form(store, questions), _seconds_until(until) + SPARE_SECONDS
        pause_flow_run(wait_for_input=form, timeout=timeout, poll_interval=2, key=key)
    finally:
        stop.set()
        watcher.join(timeout=10)


def _suspend(work: Operation, identifiers: Sequence[str], until: datetime) -> None:
    """Let Prefect end this process and start the flow run anew when the form is filled in or somebody resumes it."""
    store = questions_of(work)
    questions = [store.get(identifier) for identifier in identifiers]
    key = _note_wait(work, questions, SUSPENDED, until)
    suspend_flow_run(wait_for_input=_form(store, questions), timeout=_seconds_until(until), key=key)


def _form(store: QuestionStore, questions: Sequence[Question]) -> type[RunInput]:
    return answer_form(questions, {question.id: store.code_holders(question.id) for question in questions})


def _seconds_until(moment: datetime) -> int:
    return max(1, round((moment - datetime.now(UTC)).total_seconds()))


def _note_wait(work: Operation, questions: Sequence[Question], how: str, until: datetime) -> str:
    """Write down where the form's answers will be, before anybody can give one; return the key of this wait.

    Prefect gives the form of an earlier wait back at once when a key is used again, and allows letters, digits and
    dashes only.
    """
    journal, identifiers = journal_of(work), [question.id for question in questions]
    waits = [event for event in journal.events() if event.event == Event.PERSON_AWAITED]
    again = sum(event.data["questions"] == identifiers for event in waits)
    key = "-".join([*identifiers, *([str(again + 1)] if again else [])])
    journal.append(
        Event.PERSON_AWAITED, questions=identifiers, flow_run=str(flow_run.id), how=how, form_key=key, until=until
    )
    return key
