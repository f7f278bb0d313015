"""Take what people filled into Prefect's forms over into our own store, also what came while no process was alive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from prefect import task
from prefect.input.actions import read_flow_run_input

from operations.journal import Event
from operations.operation import Operation
from operations.question import Answer, Question
from operations.questions import QuestionStore
from tasks.answer_form import LATER, option_in
from tasks.retry_policies import LOCAL
from tasks.toolbox import journal_of, questions_of
from workspace.errors import UsageError

WHO = "unverified (Prefect UI)"


@task(task_run_name="take answers from Prefect's form", **LOCAL)
def take_form_answers(work: Operation) -> None:
    """Store the answers of every form of this operation whose questions are still open.

    Prefect keeps them with the flow run under the key of the pause (its `keyset_from_paused_state`), so they outlive a
    crash between the answer and this moment.
    """
    store = questions_of(work)
    open_ones = {question.id: question for question in store.list(work.id)}
    for event in journal_of(work).events():
        if event.event != Event.PERSON_AWAITED or not open_ones.keys() & set(event.data["questions"]):
            continue
        values = _filled_in(event.data)
        for identifier in event.data["questions"] if values else ():
            if identifier in open_ones:
                _store(work, store, open_ones[identifier], values)


def _filled_in(wait: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the values of a form, none while it is not filled in or when the flow run is unknown to this server."""
    name = f"{wait['how']}-{wait['form_key']}-response"
    found = read_flow_run_input(name, flow_run_id=UUID(wait["flow_run"]))
    return found if isinstance(found, dict) else {}


def _store(work: Operation, store: QuestionStore, question: Question, values: Mapping[str, Any]) -> None:
    option, note = option_in(values, question)
    if option == LATER:
        return
    try:
        store.answer(Answer(question=question.id, option=option, note=note, by=WHO, source="prefect-ui"))
    except UsageError as error:
        # Answered elsewhere in this very moment, or refused: the question stands as it was, and the trail says why.
        if store.answer_to(question.id) is None:
            journal_of(work).append(Event.NOTE, question.resource, text=f"The answer in Prefect's form: {error}")
