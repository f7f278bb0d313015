"""Take what people filled into Prefect's forms over into our own store, also what came while no process was alive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from prefect import task
from prefect.input.actions import delete_flow_run_input, read_flow_run_input

from operations.journal import Event
from operations.operation import Operation
from operations.question import Answer, Question
from operations.questions import QuestionStore
from tasks.answer_form import LATER, FilledIn, filled_in
from tasks.retry_policies import LOCAL
from tasks.toolbox import journal_of, questions_of
from workspace.errors import UsageError

WHO = "unverified (Prefect UI)"


@task(task_run_name="take answers from Prefect's form", **LOCAL)
def take_form_answers(work: Operation) -> bool:
    """Store the answers of every form of this operation whose questions are still open.

    Prefect keeps them with the flow run under the key of the pause (its `keyset_from_paused_state`), so they outlive a
    crash between the answer and this moment. A form is taken once: it may hold a one-time code.

    Returns:
        True when an answer was refused, so that the person who gave it has to be asked again.
    """
    store, refused = questions_of(work), False
    open_ones = {question.id: question for question in store.list(work.id)}
    for event in journal_of(work).events():
        if event.event != Event.PERSON_AWAITED or not open_ones.keys() & set(event.data["questions"]):
            continue
        name, run = _place_of(event.data)
        values = read_flow_run_input(name, flow_run_id=run)
        if not isinstance(values, dict):
            continue  # it is not filled in, or the flow run is unknown to this server
        for identifier in event.data["questions"]:
            if identifier in open_ones:
                said = filled_in(values, open_ones[identifier])
                refused |= not _is_taken(work, store, open_ones[identifier], said)
        delete_flow_run_input(name, flow_run_id=run)
    return refused


def _place_of(wait: Mapping[str, Any]) -> tuple[str, UUID]:
    """Return the name under which Prefect keeps the values of a form, and the flow run that it belongs to."""
    return f"{wait['how']}-{wait['form_key']}-response", UUID(wait["flow_run"])


def _is_taken(work: Operation, store: QuestionStore, question: Question, said: FilledIn) -> bool:
    """Store what was said, if anything was; false when that was refused."""
    if said.option == LATER:
        return True
    given = Answer(question=question.id, option=said.option, note=said.note, by=WHO, source="prefect-ui")
    try:
        store.answer(given, said.code)
    except UsageError as error:
        # Answered elsewhere in this very moment, or refused: the question stands as it was, and the trail says why.
        if store.answer_to(question.id) is None:
            journal_of(work).append(Event.NOTE, question.resource, text=f"The answer in Prefect's form: {error}")
            return False
    return True
