"""After an answer: how the operation goes on. A suspended flow run is resumed through Prefect's API."""

from __future__ import annotations

from uuid import UUID

from operations.events import Event, JournalEvent
from operations.operation import Operation
from operations.plain_text import for_terminal
from operations.questions import QuestionStore
from operations.store import OperationFolder


def go_on(work: Operation, store: QuestionStore) -> str:
    """Let the operation go on when nothing is open any more, and say in a sentence what happens now."""
    open_ones = [question.id for question in store.list(work.id)]
    if open_ones:
        return f"Still open: {', '.join(open_ones)}. The operation goes on when all its questions are answered."
    wait = _wait_of(work)
    if wait is None:
        return f"If nobody waits for it any more: {work.resume_command}"
    if wait.data["how"] == "paused":
        return f"The waiting flow run goes on in a moment. If it has died since: {work.resume_command}"
    return _resume(work, store, wait)


def _wait_of(work: Operation) -> JournalEvent | None:
    """Return the wait that the operation is in, None when it ended or crashed since."""
    last: JournalEvent | None = None
    for event in OperationFolder(work.folder).journal.events():
        ended = event.event == Event.OPERATION_ENDED and not (last and last.data["how"] == "suspended")
        if event.event == Event.PERSON_AWAITED:
            last = event
        elif ended or event.event == Event.OPERATION_RESUMED:
            last = None
    return last


def _resume(work: Operation, store: QuestionStore, wait: JournalEvent) -> str:
    # Prefect and the SDK take seconds to import, and most answers need neither.
    from prefect.exceptions import FlowPauseTimeout, NotPausedError, ObjectNotFound  # noqa: PLC0415
    from prefect.flow_runs import resume_flow_run  # noqa: PLC0415

    from tasks.resume_pause import form_values  # noqa: PLC0415

    run = str(wait.data["flow_run"])
    questions = [store.get(str(identifier)) for identifier in wait.data["questions"]]
    try:
        resume_flow_run(UUID(run), run_input=form_values(store, questions))
    except (NotPausedError, FlowPauseTimeout):
        return f"Flow run {run} waits no more (it was resumed, or its time is over). Go on with: {work.resume_command}"
    except ObjectNotFound:
        reason = "this Prefect does not know it; PREFECT_API_URL has to be the one that it runs on"
    except Exception as error:  # noqa: BLE001 - the answer is stored, whatever Prefect's API says to the rest
        reason = for_terminal(str(error).splitlines()[0]) if str(error) else type(error).__name__
    else:
        return f"The suspended flow run {run} goes on as soon as a worker takes it up."
    return f"The answer is stored, but flow run {run} was not resumed: {reason}. Go on with: {work.resume_command}"
