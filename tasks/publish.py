"""Show an operation in Prefect while it goes on. The journal is the truth; nothing here can hold up an operation."""

from __future__ import annotations

import logging
import math
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import ArtifactCreate, ArtifactUpdate
from prefect.events import Event as PrefectEvent
from prefect.runtime import deployment, flow_run

from operations.journal import Event, JournalEvent
from operations.operation import Operation
from tasks.publish_artifacts import Shown, artifacts_for
from tasks.publish_events import beat, emit, one_line
from tasks.toolbox import journal_of

HEARTBEAT_SECONDS = 60.0
FLUSH_SECONDS = 20.0
"""How long the end of an operation waits for what is not shown yet."""
QUEUE_LIMIT = 1000

_log = logging.getLogger(__name__)


@contextmanager
def publishing(work: Operation) -> Iterator[None]:
    """Send events and artifacts of the operation to Prefect from a thread of their own, until the block ends."""
    publisher = Publisher(work, _flow_run_id())
    stop_listening = journal_of(work).subscribe(publisher.hear)
    thread = threading.Thread(target=publisher.work_off, name=f"publish {work.id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop_listening()
        publisher.finish()
        thread.join(timeout=FLUSH_SECONDS)


class Publisher:
    """Works off what the journal says. One that cannot keep up leaves things out rather than slow an operation."""

    def __init__(self, work: Operation, run: UUID | None) -> None:
        self._work = work
        self._run = run
        self._waiting: queue.Queue[JournalEvent | None] = queue.Queue(QUEUE_LIMIT)
        self._warned = False
        self._progress: UUID | None = None
        self._related = _related(run)
        self._last: PrefectEvent | None = None

    def hear(self, event: JournalEvent) -> None:
        """Take a journal line; called in the middle of the operation's own work."""
        try:
            self._waiting.put_nowait(event)
        except queue.Full:
            self._warn("Prefect takes events too slowly; some are left out. The journal has them all.")

    def finish(self) -> None:
        """Let the thread end when it has worked off what it has."""
        try:
            self._waiting.put(None, timeout=1)
        except queue.Full:
            self._warn("Prefect did not take all events. The journal has them all.")

    def work_off(self) -> None:
        """Send what comes, and a sign of life in between, until the end."""
        due = time.monotonic()
        while True:
            if time.monotonic() >= due:
                self._send(None)
                due = time.monotonic() + HEARTBEAT_SECONDS
            try:
                event = self._waiting.get(timeout=min(max(due - time.monotonic(), 0.01), HEARTBEAT_SECONDS))
            except queue.Empty:
                continue
            if event is None:
                return
            self._send(event)
            if event.event == Event.OPERATION_ENDED:
                due = math.inf

    def _send(self, event: JournalEvent | None) -> None:
        try:
            if event is None:
                self._last = beat(self._work, self._related, self._last)
                return
            self._last = emit(self._work, event, self._related, self._last)
            shown = list(artifacts_for(self._work, event)) if self._run else []
            if shown:
                with get_client(sync_client=True) as client:
                    for one in shown:
                        self._show(client, one)
        except Exception as error:  # noqa: BLE001 - whatever Prefect answers, the operation must not notice
            said = one_line(f"{type(error).__name__}: {error}")
            self._warn(f"Prefect could not be told everything ({said}). The journal has it.")

    def _show(self, client: SyncPrefectClient, one: Shown) -> None:
        if one.type == "progress" and self._progress is not None:
            update = ArtifactUpdate(data=one.data, description=one.description)
            client.update_artifact(self._progress, update)
            return
        made = client.create_artifact(
            ArtifactCreate(
                key=one.key, type=one.type, data=one.data, description=one.description, flow_run_id=self._run
            )
        )
        if one.type == "progress":
            self._progress = made.id

    def _warn(self, text: str) -> None:
        if not self._warned:
            _log.warning("%s", text)
        self._warned = True


def _flow_run_id() -> UUID | None:
    identity = flow_run.id
    return UUID(str(identity)) if identity else None


def _related(run: UUID | None) -> list[dict[str, str]]:
    """Name flow run and deployment: in a thread of our own Prefect does not know them."""
    related = []
    if run is not None:
        name = str(flow_run.name or "")
        related.append(
            {
                "prefect.resource.id": f"prefect.flow-run.{run}",
                "prefect.resource.role": "flow-run",
                "prefect.resource.name": name,
            }
        )
    if deployment.id:
        related.append(
            {"prefect.resource.id": f"prefect.deployment.{deployment.id}", "prefect.resource.role": "deployment"}
        )
    return related
