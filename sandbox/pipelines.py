"""Pipelines and their updates: one active update per pipeline, performed by compute in a thread."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.compute import Compute, PipelineEvent, UpdateResult
from sandbox.errors import ApiError
from sandbox.event_log import EventLog
from sandbox.files import WorkspaceFiles
from sandbox.pipeline_records import TERMINAL, PipelineRecord, UpdateRecord
from sandbox.pipeline_sources import PipelineSources, checked_spec
from sandbox.records import now_ms
from sandbox.store import Collection, Store

OnEnd = Callable[[str, UpdateResult], None]


@dataclass(frozen=True, kw_only=True)
class UpdateOptions:
    """What an update was asked to do."""

    full_refresh: bool = False
    refresh_selection: tuple[str, ...] = ()
    full_refresh_selection: tuple[str, ...] = ()
    validate_only: bool = False
    cause: str = "API_CALL"


class PipelineService:
    """All pipelines."""

    def __init__(self, store: Store, files: WorkspaceFiles, compute: Compute, storage: Path) -> None:
        self.pipelines = Collection(store, PipelineRecord)
        self.updates = Collection(store, UpdateRecord)
        self.log = EventLog(store)
        self._compute = compute
        self._sources = PipelineSources(files, storage, needed=getattr(compute, "needs_sources", True))
        self._pool = ThreadPoolExecutor(getattr(compute, "workers", 8), thread_name_prefix="update")
        self._cancels: dict[str, threading.Event] = {}
        self._told: set[str] = set()
        self._lock = threading.RLock()

    def pipeline(self, pipeline_id: str) -> PipelineRecord:
        """A pipeline by its id."""
        found = self.pipelines.find(pipeline_id)
        if found is None:
            raise ApiError.missing(f"The specified pipeline {pipeline_id} was not found.")
        return found

    def update(self, pipeline_id: str, update_id: str) -> UpdateRecord:
        """An update by its id."""
        found = self.updates.find(update_id)
        if found is None or found.pipeline_id != pipeline_id:
            raise ApiError.missing(f"The specified update {update_id} was not found.")
        return found

    def create(self, spec: dict[str, Any]) -> PipelineRecord:
        """Store a new pipeline; a name may be used once unless the request allows more."""
        allow_duplicates = spec.get("allow_duplicate_names")
        spec = checked_spec({name: value for name, value in spec.items() if name != "allow_duplicate_names"})
        with self._lock:
            if not allow_duplicates and any(other.name == spec.get("name") for other in self.pipelines.list()):
                raise ApiError(
                    409,
                    "RESOURCE_CONFLICT",
                    f"The pipeline name '{spec.get('name')}' is already used by another pipeline. "
                    "This check can be skipped by setting `allow_duplicate_names = true` in the request.",
                )
            record = PipelineRecord(pipeline_id=str(uuid.uuid4()), spec=spec)
            self.pipelines.add(record)
            return record

    def edit(self, pipeline_id: str, spec: dict[str, Any]) -> None:
        """Replace the specification of a pipeline; an update in progress goes on with the old one."""
        record = self.pipeline(pipeline_id)
        dropped = {"pipeline_id", "allow_duplicate_names", "expected_last_modified"}
        record.spec = checked_spec({name: value for name, value in spec.items() if name not in dropped})
        record.last_modified = now_ms()
        self.pipelines.save(record)

    def delete(self, pipeline_id: str) -> None:
        """Stop and forget a pipeline."""
        self.pipeline(pipeline_id)
        self.stop(pipeline_id)
        self.pipelines.remove(pipeline_id)

    def start(self, pipeline_id: str, options: UpdateOptions, on_end: OnEnd | None = None) -> UpdateRecord:
        """Start an update; refused while another one is active."""
        with self._lock:
            pipeline = self.pipeline(pipeline_id)
            active = self.updates.list(owner=pipeline_id, active=True)
            if active:
                raise ApiError.conflict(f"An active update {active[0].update_id} already exists.")
            update = UpdateRecord(
                update_id=str(uuid.uuid4()),
                pipeline_id=pipeline_id,
                state="CREATED",
                config=pipeline.spec,
                **vars(options),
            )
            self.updates.add(update)
            cancel = self._cancels[update.update_id] = threading.Event()
        self._write(pipeline, update, _started(update))
        self._pool.submit(self._perform, pipeline, update, cancel, on_end)
        return update

    def stop(self, pipeline_id: str) -> None:
        """Stop the active update, if there is one; it ends as CANCELED."""
        with self._lock:
            for update in self.updates.list(owner=pipeline_id, active=True):
                update.state = "STOPPING"
                self.updates.save(update)
                cancel = self._cancels.get(update.update_id)
                if cancel is not None:
                    cancel.set()

    def recover(self) -> int:
        """Close the updates that a daemon left behind when it died."""
        left = self.updates.list(active=True)
        for update in left:
            pipeline = self.pipelines.find(update.pipeline_id)
            if pipeline is not None:
                self._end(pipeline, update, UpdateResult(state="FAILED", message="The cluster of the update was lost."))
        return len(left)

    def close(self) -> None:
        """Stop the threads."""
        for cancel in list(self._cancels.values()):
            cancel.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _perform(
        self, pipeline: PipelineRecord, update: UpdateRecord, cancel: threading.Event, on_end: OnEnd | None
    ) -> None:
        try:
            self._write(pipeline, update, _progress(update, "INITIALIZING"))
            request = self._sources.request(pipeline, update)
            result = self._compute.run_update(request, lambda event: self._write(pipeline, update, event), cancel)
        except ApiError as error:
            result = UpdateResult(state="FAILED", message=error.message)
        except Exception as error:  # noqa: BLE001  a defect of the sandbox must end this update, not leave it hanging
            result = UpdateResult(state="FAILED", message=f"SANDBOX_DEFECT: {error!r}")
        self._end(pipeline, update, result)
        if on_end is not None:
            on_end(update.update_id, result)

    def _write(self, pipeline: PipelineRecord, update: UpdateRecord, event: PipelineEvent) -> None:
        """Append an event, and follow the state that it reports; compute may report the last state itself."""
        state = (event.details.get("update_progress") or {}).get("state")
        with self._lock:
            self.log.write(pipeline, update.update_id, event)
            if state in TERMINAL:
                self._told.add(update.update_id)
                return
            stored = self.updates.find(update.update_id)
            if state and stored is not None and stored.state != "STOPPING":
                stored.state = state
                self.updates.save(stored)

    def _end(self, pipeline: PipelineRecord, update: UpdateRecord, result: UpdateResult) -> None:
        if update.update_id not in self._told:
            self._write(pipeline, update, _progress(update, result.state, result.message))
        with self._lock:
            self._told.discard(update.update_id)
            self._cancels.pop(update.update_id, None)
            update.state = result.state
            self.updates.save(update)


def _progress(update: UpdateRecord, state: str, message: str = "") -> PipelineEvent:
    exceptions = ({"class_name": "", "message": message, "stack": []},) if message and state == "FAILED" else ()
    return PipelineEvent(
        event_type="update_progress",
        level="ERROR" if state == "FAILED" else "INFO",
        message=f"Update {update.update_id[:6]} is {state}.",
        details={"update_progress": {"state": state}},
        exceptions=exceptions,
        fatal=state == "FAILED",
    )


def _started(update: UpdateRecord) -> PipelineEvent:
    return PipelineEvent(
        event_type="create_update",
        level="INFO",
        message=f"Update {update.update_id[:6]} started by {update.cause}.",
        details={"create_update": {"cause": update.cause, "full_refresh": update.full_refresh}},
    )
