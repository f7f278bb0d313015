"""After an answer the person is told how the operation goes on, and a suspended flow run is resumed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bundleops.wake import go_on
from operations.events import Event
from operations.operation import Operation
from operations.question import Answer
from operations.questions import QuestionStore
from operations.store import OperationFolder, StateStore, operation_id
from tests.unit.operations.question_maker import question

RUN = "0f0f0f0f-0000-4000-8000-000000000001"


@pytest.fixture
def work(tmp_path: Path) -> Operation:
    """An operation with a journal."""
    state = StateStore(tmp_path / "state")
    made = Operation(
        id=operation_id(), bundle=str(tmp_path / "b"), target="dev", working_copy="", state_dir=str(state.root)
    )
    state.create(made)
    return made


@pytest.fixture
def store(work: Operation) -> QuestionStore:
    return QuestionStore(StateStore(Path(work.state_dir)).questions_path)


def waits(work: Operation, store: QuestionStore, how: str, *, answered: bool = True) -> str:
    """Let the operation wait for one question, and return the question's id."""
    asked = store.ask(question(operation=work.id))
    note(work, Event.PERSON_AWAITED, questions=[asked.id], flow_run=RUN, how=how, form_key=asked.id, until=_soon())
    if answered:
        store.answer(Answer(question=asked.id, option="reject", by="pat", source="terminal"))
    return asked.id


def note(work: Operation, event: Event, **data: Any) -> None:
    OperationFolder(work.folder).journal.append(event, **data)


def _soon() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=5)


def test_questions_that_are_still_open_are_named(work: Operation, store: QuestionStore) -> None:
    assert f"Still open: {waits(work, store, 'paused', answered=False)}." in go_on(work, store)


def test_a_paused_flow_run_goes_on_by_itself(work: Operation, store: QuestionStore) -> None:
    waits(work, store, "paused")
    assert go_on(work, store).startswith("The waiting flow run goes on in a moment.")


def test_an_operation_that_ended_has_to_be_resumed(work: Operation, store: QuestionStore) -> None:
    waits(work, store, "paused")
    note(work, Event.OPERATION_ENDED, verdict="waiting", exit_code=4)
    assert go_on(work, store) == f"If nobody waits for it any more: bundleops operate --resume {work.id}"


def test_a_suspended_flow_run_that_cannot_be_reached_is_named_and_the_answer_stays(
    work: Operation, store: QuestionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    monkeypatch.setenv("PREFECT_CLIENT_MAX_RETRIES", "0")
    from prefect.context import refresh_global_settings_context  # noqa: PLC0415 - only this test needs Prefect

    refresh_global_settings_context()
    identifier = waits(work, store, "suspended")
    note(work, Event.OPERATION_ENDED, verdict="waiting", exit_code=4)
    said = go_on(work, store)
    assert said.startswith(f"The answer is stored, but flow run {RUN} was not resumed:")
    assert said.endswith(f"Go on with: bundleops operate --resume {work.id}")
    assert store.answer_to(identifier) is not None
    monkeypatch.undo()
    refresh_global_settings_context()
