"""Runs pipeline updates: each in a process of its own, whose events are passed on as they come.

The process ends itself when its standard input closes, so neither a canceled update nor a killed sandbox leaves queries
behind on the server.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox.compute import EventSink, PipelineEvent, UpdateRequest, UpdateResult
from sandbox.spark import pipeline_events as events
from sandbox.spark.engine import Engine
from sandbox.spark.environments import InstallationError, python_for
from sandbox.spark.errors import EngineError
from sandbox.spark.paths import Mounts
from sandbox.spark.settings import client_environment

INTERRUPT_SECONDS = 5.0
_POLL_SECONDS = 0.05
_LAST_LINES = 20
_LOST = "The Spark driver has stopped unexpectedly and is restarting."


def run_update(engine: Engine, request: UpdateRequest, emit: EventSink, cancel: threading.Event) -> UpdateResult:
    """Run one update to its end, or until `cancel` is set; every event goes to `emit` as it happens."""
    emit(events.create_update(request.update_id))
    emit(events.update_progress(request.update_id, "WAITING_FOR_RESOURCES"))
    try:
        python = _python(engine, request)
        generation, remote = engine.generation, engine.remote_url(str(uuid.uuid4()))
    except (InstallationError, EngineError) as error:
        return _failed(request, emit, str(error))
    emit(events.update_progress(request.update_id, "INITIALIZING"))
    with _worker(engine, request, remote, python) as worker:
        reader = _Reader(worker, emit)
        while not reader.ended(_POLL_SECONDS):
            if cancel.is_set():
                reader.mute()
                _end(worker)
                emit(events.update_progress(request.update_id, "CANCELED"))
                return UpdateResult(state="CANCELED", message=f"Update {request.update_id} is CANCELED.")
            if engine.generation != generation or not engine.alive():
                reader.mute()
                return _failed(request, emit, _LOST)
    if reader.state is None:
        return _failed(request, emit, f"The pipeline's process ended unexpectedly: {_tail(_log(engine, request))}")
    return UpdateResult(state=reader.state, message=reader.message)


class _Reader:
    """Passes the events of a worker on, and keeps what it says at the end."""

    def __init__(self, worker: subprocess.Popen[str], emit: EventSink) -> None:
        self.state: Any = None
        self.message = ""
        self._muted = False
        self._worker = worker
        self._emit = emit
        self._thread = threading.Thread(target=self._read, name="pipeline-events", daemon=True)
        self._thread.start()

    def ended(self, timeout_seconds: float) -> bool:
        """Wait for the end of the worker's events."""
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def mute(self) -> None:
        """Pass on no more events: what an interrupted update says about its end is not its fault."""
        self._muted = True

    def _read(self) -> None:
        if self._worker.stdout is None:
            return
        with self._worker.stdout as lines:
            for line in lines:
                if not self._muted:
                    self._take(json.loads(line))

    def _take(self, document: Mapping[str, Any]) -> None:
        if "state" in document:
            self.state, self.message = document["state"], document["message"]
        else:
            self._emit(PipelineEvent(**{**document, "exceptions": tuple(document["exceptions"])}))


@contextmanager
def _worker(engine: Engine, request: UpdateRequest, remote: str, python: Path) -> Iterator[subprocess.Popen[str]]:
    job = _log(engine, request).with_suffix(".job")
    job.parent.mkdir(parents=True, exist_ok=True)
    job.touch(mode=0o600)  # it holds the server's token
    job.write_text(json.dumps(_job(request, remote, engine.state_dir.parent)), encoding="utf-8")
    with _log(engine, request).open("wb") as log:
        worker = subprocess.Popen(
            [str(python), "-P", "-m", "sandbox.spark.pipeline_worker", str(job)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=Path(__file__).parents[2],
            env=client_environment(),
            start_new_session=True,
            text=True,
        )
    try:
        yield worker
    finally:
        _end(worker)
        job.unlink()


def _end(worker: subprocess.Popen[str]) -> None:
    """Let the worker interrupt its queries; kill what is left of it."""
    if worker.stdin and not worker.stdin.closed:
        worker.stdin.close()
    try:
        worker.wait(INTERRUPT_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()


def _job(request: UpdateRequest, remote: str, state_dir: Path) -> Mapping[str, Any]:
    return {
        "remote": remote,
        "state_dir": str(state_dir),
        "update_id": request.update_id,
        "catalog": request.catalog,
        "schema": request.schema,
        "libraries": [[str(file), path] for file, path in request.libraries],
        "workspace_root": str(request.workspace_root),
        "root_path": request.root_path,
        "configuration": dict(request.configuration),
        "full_refresh": request.full_refresh,
        "refresh_selection": list(request.refresh_selection),
        "full_refresh_selection": list(request.full_refresh_selection),
        "validate_only": request.validate_only,
        "storage": request.storage.resolve().as_uri(),
    }


def _python(engine: Engine, request: UpdateRequest) -> Path:
    if not request.dependencies:
        return Path(sys.executable)
    mounts = Mounts({"/Workspace": request.workspace_root})
    return python_for(request.dependencies, engine.state_dir / "environments", mounts)


def _log(engine: Engine, request: UpdateRequest) -> Path:
    return engine.state_dir / "jobs" / f"update-{request.update_id}.log"


def _tail(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(lines[-_LAST_LINES:]) or "it printed nothing"


def _failed(request: UpdateRequest, emit: EventSink, reason: str) -> UpdateResult:
    cause = {"class_name": "com.databricks.pipelines.execution.PipelineException", "message": reason, "stack": []}
    emit(events.update_progress(request.update_id, "FAILED", (cause,)))
    return UpdateResult(state="FAILED", message=reason)
