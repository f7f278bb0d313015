"""Runs an operation in this process: preflight, the flow, live progress, the end."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from prefect import State

from bundleops.end_document import EndDocument
from bundleops.prefect_api import check_prefect
from bundleops.progress_view import interrupt_text, view_for
from bundleops.prompt import prompting
from flows.destroy import destroy_bundle
from flows.operate import operate_bundle
from operations.journal import Event, Journal
from operations.operation import Kind, Operation
from operations.store import StateStore
from tasks.open_operation import create_operation
from tasks.ready_copy import ready_copy
from tasks.toolbox import cli_of, journal_of
from tasks.validate_bundle import refuse_unloadable
from workspace.errors import OperatorError, StateError, UsageError
from workspace.settings import settings

_FLOWS: Mapping[Kind, Callable[..., State[Any]]] = {"operate": operate_bundle, "destroy": destroy_bundle}


def operate_here(
    bundle: Path | None,
    target: str,
    resume: str | None,
    *,
    dry_run: bool,
    document: EndDocument,
    kind: Kind = "operate",
) -> int:
    """Run the flow of this kind, let the document tell its end, and return its exit code.

    Raises:
        OperatorError: the operation could not begin.
    """
    store = StateStore(settings().state_dir)
    check_prefect()
    work = (
        reopened(store, resume) if resume else create_operation(store, str(bundle), target, dry_run=dry_run, kind=kind)
    )
    if work.kind != kind:
        raise UsageError(f"Operation {work.id} does something else. Go on with it: {work.resume_command}")
    document.operation, document.target = work.id, work.target
    journal = journal_of(work)
    with view_for(work, document.output) as view, termination_as_interrupt():
        stop_showing = journal.subscribe(view.show)
        try:
            if not resume:
                ready_copy(work)
                check_it_loads(work, stop_showing)
            before = len(journal.events())
            with prompting(work, view, document.output):
                state = _FLOWS[kind](work.bundle, work.target, work.id, dry_run=work.dry_run, return_state=True)
        except KeyboardInterrupt:
            view.interrupted()
            document.show({"verdict": "interrupted", "exit_code": 130, "reason": interrupt_text(work)})
            return 130
        if not any(event.event == Event.OPERATION_ENDED for event in journal.events()[before:]):
            raise error_of(state)
        return finish(journal, document)


@contextmanager
def termination_as_interrupt() -> Iterator[None]:
    """Let SIGTERM end the operation as Ctrl-C does; Prefect hands it on to us when its flow run is over."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def reopened(store: StateStore, operation: str) -> Operation:
    """Return an operation to go on with; how long it waits for an answer may be another time this time."""
    folder = store.open(operation)
    work = folder.request()
    wait = settings().answer_wait_seconds
    if wait != work.limits.answer_wait_seconds:
        work = work.model_copy(update={"limits": work.limits.model_copy(update={"answer_wait_seconds": wait})})
        folder.write(work)
    return work


def error_of(state: State[Any]) -> OperatorError:
    """Return why a flow run ended before the operation began."""
    error = state.result(raise_on_failure=False)
    if isinstance(error, OperatorError):
        return error
    return StateError(f"The flow run ended as {state.name} before the operation began: {state.message or error}")


def check_it_loads(work: Operation, stop_showing: Callable[[], None]) -> None:
    """Refuse a bundle that cannot be loaded, or a missing CLI, before Prefect starts; keep a record of it.

    The error itself is what a person is shown, so the record is not shown too.
    """
    journal = journal_of(work)
    try:
        cli_of(work).version()
        refuse_unloadable(cli_of(work).validate())
    except OperatorError as error:
        stop_showing()
        journal.append(Event.OPERATION_STARTED, bundle=work.bundle, target=work.target, dry_run=work.dry_run)
        journal.append(Event.OPERATION_ENDED, verdict="failed", exit_code=error.exit_code, reason=str(error))
        raise


def finish(journal: Journal, document: EndDocument) -> int:
    """Let the document tell the end that is in the journal, and return its exit code."""
    events = journal.events()
    ends = [event.data for event in events if event.event == Event.OPERATION_ENDED]
    reports = [event.data["path"] for event in events if event.event == Event.REPORT_WRITTEN]
    last: Mapping[str, Any] = (
        ends[-1] if ends else {"verdict": "failed", "exit_code": 1, "reason": "the flow ended without a conclusion"}
    )
    document.show({**last, "report": reports[-1] if reports else None})
    return int(last["exit_code"])
