"""Starts an operation in a process of its own that outlives the terminal, and follows one that runs elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from bundleops.end_document import EndDocument
from bundleops.foreground import check_it_loads
from bundleops.prefect_api import check_prefect
from bundleops.progress_view import view_for
from operations.events import Event
from operations.operation import Operation
from operations.store import OperationFolder, StateStore
from tasks.open_operation import create_operation
from tasks.ready_copy import leave_copy, ready_copy
from workspace.errors import SetupError, StateError
from workspace.settings import settings

START_SECONDS = 120.0
LOOK_SECONDS = 0.5
LOG = "detached.log"
_BEGUN = {Event.OPERATION_STARTED, Event.OPERATION_RESUMED}


def operate_detached(
    bundle: Path | None, target: str, resume: str | None, *, dry_run: bool, document: EndDocument
) -> int:
    """Start the operation in the background and return when it works.

    What is wrong with the bundle, the CLI or the credentials is told here, before anything is started.

    Raises:
        OperatorError: the operation could not begin; the text has what the background process printed.
    """
    store = StateStore(settings().state_dir)
    check_prefect()
    if resume:
        work = store.open(resume).request()
        if holder := store.open(resume).worked_on_by():
            raise StateError(f"Operation {resume} is being worked on by {holder}.")
    else:
        work = create_operation(store, str(bundle), target, dry_run=dry_run)
        ready_copy(work)
        try:
            check_it_loads(work, lambda: None)
        finally:
            leave_copy(work)
    document.operation, document.target = work.id, work.target
    folder = store.open(work.id)
    before = _times_begun(folder)
    process = _start(work)
    _wait_until_begun(folder, process, before)
    reason = f"operation {work.id} works in the background as process {process.pid}"
    document.show({"verdict": "started", "exit_code": 0, "reason": reason})
    if document.output == "text":
        print(f"{reason}\n  follow it: bundleops operations follow {work.id}")
        print(f"  cancel it: bundleops operations cancel {work.id}\n  its log:   {folder.path / LOG}")
    return 0


def _start(work: Operation) -> subprocess.Popen[bytes]:
    """Start the command line anew, without terminal and in a session of its own: no hang-up reaches it."""
    command = [sys.executable, "-P", "-m", "bundleops", work.kind, "--resume", work.id]
    log = os.open(work.folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    finally:
        os.close(log)


def _wait_until_begun(folder: OperationFolder, process: subprocess.Popen[bytes], before: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while _times_begun(folder) == before:
        if process.poll() is not None:
            printed = (folder.path / LOG).read_text(encoding="utf-8", errors="replace").strip()
            raise SetupError(f"The background process ended at once ({process.returncode}):\n{printed[-2000:]}")
        if time.monotonic() >= deadline:
            raise SetupError(
                f"Process {process.pid} has not begun operation {folder.id} within {START_SECONDS:g} s and may still "
                f"do so. Its log: {folder.path / LOG}"
            )
        time.sleep(LOOK_SECONDS)


def _times_begun(folder: OperationFolder) -> int:
    return sum(event.event in _BEGUN for event in folder.journal.events())


def follow(folder: OperationFolder, document: EndDocument) -> int:
    """Show what an operation does, from its beginning, until it ends; return its exit code.

    Raises:
        StateError: it did not end and nobody works on it any more.
    """
    work, shown = folder.request(), 0
    document.operation, document.target = work.id, work.target
    with view_for(work, document.output) as view:
        while True:
            works = folder.worked_on_by() is not None
            events = folder.journal.events()
            for event in events[shown:]:
                view.show(event)
            shown = len(events)
            ends = [event for event in events if event.event in {Event.OPERATION_ENDED, Event.OPERATION_RESUMED}]
            if not works:
                break
            time.sleep(LOOK_SECONDS)
    if not ends or ends[-1].event != Event.OPERATION_ENDED:
        raise StateError(f"Nobody works on operation {work.id}, and it did not end. Go on with: {work.resume_command}")
    document.show(ends[-1].data)
    return int(ends[-1].data.get("exit_code") or 0)
