"""Runs an operation in this process: preflight, the flow, live progress, the end."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prefect import State

from bundleops.options import Output
from bundleops.progress_view import view_for
from flows.operate import operate_bundle
from operations.journal import Event, Journal
from operations.operation import Operation
from operations.store import StateStore
from tasks.open_operation import create_operation
from tasks.ready_copy import ready_copy
from tasks.toolbox import cli_of, journal_of
from tasks.validate_bundle import refuse_unloadable
from workspace.errors import OperatorError, StateError
from workspace.settings import settings


def operate_here(bundle: Path | None, target: str, resume: str | None, *, dry_run: bool, output: Output) -> int:
    """Run the operate flow and return its exit code.

    Raises:
        OperatorError: the operation could not begin.
    """
    store = StateStore(settings().state_dir)
    work = reopened(store, resume) if resume else create_operation(store, str(bundle), target, dry_run=dry_run)
    journal = journal_of(work)
    with view_for(work, output) as view:
        journal.subscribe(view.show)
        if not resume:
            ready_copy(work)
            check_it_loads(work)
        before = len(journal.events())
        try:
            state = operate_bundle(work.bundle, work.target, work.id, dry_run=work.dry_run, return_state=True)
        except KeyboardInterrupt:
            view.interrupted()
            return 130
        ended = [event for event in journal.events()[before:] if event.event == Event.OPERATION_ENDED]
        if not ended:
            raise error_of(state)
        return finish(work, journal, output)


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


def check_it_loads(work: Operation) -> None:
    """Refuse a bundle that cannot be loaded, or a missing CLI, before Prefect starts; keep a record of it."""
    journal = journal_of(work)
    try:
        cli_of(work).version()
        refuse_unloadable(cli_of(work).validate())
    except OperatorError as error:
        journal.append(Event.OPERATION_STARTED, bundle=work.bundle, target=work.target, dry_run=work.dry_run)
        journal.append(Event.OPERATION_ENDED, verdict="failed", exit_code=error.exit_code, reason=str(error))
        raise


def finish(work: Operation, journal: Journal, output: Output) -> int:
    """Print the end as JSON where it is wanted, and return the exit code that the journal tells."""
    events = journal.events()
    ends = [event.data for event in events if event.event == Event.OPERATION_ENDED]
    reports = [event.data["path"] for event in events if event.event == Event.REPORT_WRITTEN]
    last: Mapping[str, Any] = (
        ends[-1] if ends else {"verdict": "failed", "exit_code": 1, "reason": "the flow ended without a conclusion"}
    )
    if output is Output.JSON:
        print(
            json.dumps(
                {"operation": work.id, "target": work.target, **last, "report": reports[-1] if reports else None}
            )
        )
    return int(last["exit_code"])
