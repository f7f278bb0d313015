"""Resume a paused flow run from its own process, as soon as the question store has the answers or the time is over."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from prefect.exceptions import NotPausedError
from prefect.flow_runs import resume_flow_run

from operations.question import Question
from operations.questions import QuestionStore
from tasks.answer_form import LATER, run_input

LOOK_SECONDS = 1.0

_log = logging.getLogger(__name__)


def resume_when_answered(
    run: UUID, store: QuestionStore, questions: Sequence[Question], deadline: datetime, stop: threading.Event
) -> None:
    """Resume with the stored answers when all are there, or at the deadline with `later` for the rest.

    The run may not be paused yet, or a person may just have resumed it in the UI: it is looked at until `stop`.
    """
    while not stop.wait(LOOK_SECONDS):
        if datetime.now(UTC) < deadline and not all(store.answer_to(question.id) for question in questions):
            continue
        try:
            resume_flow_run(run, run_input=form_values(store, questions))
        except NotPausedError:
            continue
        except Exception as error:  # noqa: BLE001 - whatever Prefect's API answers, the next look tries again
            _log.warning("The paused run could not be resumed yet, trying again: %s", error)
        else:
            return


def form_values(store: QuestionStore, questions: Sequence[Question]) -> dict[str, str]:
    """Return the form as the stored answers fill it in, with `later` where there is none."""
    values: dict[str, str] = {}
    for question in questions:
        answer = store.answer_to(question.id)
        values |= run_input(question, answer.option if answer else LATER, answer.note if answer else "")
    return values
