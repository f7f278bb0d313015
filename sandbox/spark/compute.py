"""Compute mode `spark`: tasks, statements and pipeline updates on the real engines."""

from __future__ import annotations

import importlib.metadata
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from sandbox.compute import (
    LOST,
    EventSink,
    StatementRequest,
    StatementResult,
    TaskRequest,
    TaskResult,
    UpdateRequest,
    UpdateResult,
)
from sandbox.spark.engine import DEFAULT_USER, Engine
from sandbox.spark.environments import InstallationError, python_for
from sandbox.spark.errors import EngineError
from sandbox.spark.paths import Mounts
from sandbox.spark.workers import Finished, Workers

READY_SECONDS = 180.0
USER_CODE_FAILED = "Workload failed, see run output for details"
_WARM_UP = (
    "CREATE SCHEMA IF NOT EXISTS sandbox_warm_up",
    "CREATE OR REPLACE TABLE sandbox_warm_up.t AS SELECT id, id AS value FROM range(10)",
    """MERGE INTO sandbox_warm_up.t AS t USING (SELECT id, id AS value FROM range(20)) AS s ON t.id = s.id
    WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *""",
    "DROP SCHEMA sandbox_warm_up CASCADE",
)
Stop = Callable[[], str | None]


class SparkCompute:
    """Implements `Compute` with one Spark server and one process for each task."""

    def __init__(self, state_dir: Path, user_name: str = DEFAULT_USER) -> None:
        self._user_name = user_name
        self._state_dir = state_dir.resolve()
        self.engine = Engine(state_dir / "spark")
        self._workers = Workers(self.engine.state_dir / "jobs")
        self._environments = self.engine.state_dir / "environments"
        self._warm = False

    def start(self) -> None:
        """Begin to start the engines in the background and return at once."""
        self.engine.start()
        self._workers.start()
        threading.Thread(target=self._warm_up, name="warm-up", daemon=True).start()

    def wait_until_ready(self, timeout_seconds: float) -> None:
        """Return when the engines answer; raise EngineError with one clear line when they do not."""
        self.engine.wait_until_ready(timeout_seconds)

    def stop(self) -> None:
        """Stop every process that this mode started."""
        self._workers.stop()
        self.engine.stop()

    def status(self) -> Mapping[str, Any]:
        """State for `sandbox status`."""
        return {
            "mode": "spark",
            "ready": self.engine.alive(),
            "warm": self._warm,
            "pid": self.engine.pid,
            "starts": self.engine.generation,
            "failure": self.engine.failure(),
            "spark": importlib.metadata.version("pyspark"),
        }

    def run_task(self, request: TaskRequest, cancel: threading.Event) -> TaskResult:
        """Run one task attempt to its end, or until `cancel` is set."""
        started = time.monotonic()
        try:
            self.engine.wait_until_ready(READY_SECONDS)
            mounts = Mounts({"/Workspace": request.workspace_root, "/Volumes": self._state_dir / "volumes"})
            python = python_for(request.dependencies, self._environments, mounts) if request.dependencies else None
        except InstallationError as error:
            return TaskResult(state="FAILED", error=str(error), error_trace=str(error), message=str(error))
        except EngineError as error:
            return TaskResult(state="INTERNAL_ERROR", error=str(error), message=str(error))
        deadline = started + request.timeout_seconds if request.timeout_seconds else None
        job = {
            "kind": request.kind,
            "source": str(request.source),
            "workspace_path": request.workspace_path,
            "workspace_root": str(request.workspace_root),
            "parameters": dict(request.parameters),
            "arguments": list(request.arguments),
            "entry_point": list(request.entry_point),
            "task_values": {key: dict(values) for key, values in request.task_values.items()},
            "variables": dict(request.variables),
        }
        return _task_result(self._run(job, cancel, user=request.user_name, deadline=deadline, python=python))

    def run_statement(self, request: StatementRequest, cancel: threading.Event) -> StatementResult:
        """Run one SQL statement to its end, or until `cancel` is set."""
        try:
            self.engine.wait_until_ready(READY_SECONDS)
        except EngineError as error:
            return StatementResult(state="FAILED", error_code="TEMPORARILY_UNAVAILABLE", error_message=str(error))
        context = [f"USE CATALOG `{request.catalog}`"] if request.catalog and request.catalog != "system" else []
        context += [f"USE SCHEMA `{request.schema}`"] if request.schema else []
        job: dict[str, Any] = {
            "kind": "statement",
            "statement": request.statement,
            "context": context,
            "parameters": {item["name"]: _typed(item) for item in request.parameters},
            "row_limit": request.row_limit,
        }
        return _statement_result(self._run(job, cancel, user=request.user_name))

    def run_update(self, request: UpdateRequest, emit: EventSink, cancel: threading.Event) -> UpdateResult:
        """Run one pipeline update to its end, or until `cancel` is set."""
        from sandbox.spark import pipelines  # noqa: PLC0415 - loads Spark's client, which the rest does without

        try:
            self.engine.wait_until_ready(READY_SECONDS)
        except EngineError as error:
            return UpdateResult(state="FAILED", message=str(error))
        return pipelines.run_update(self.engine, request, emit, cancel)

    def lose_engine(self) -> None:
        """Kill the Spark server; its supervisor starts another."""
        self.engine.kill()

    def _warm_up(self) -> None:
        """The first use of each engine part is slow; a failure here shows in the first task as well."""
        try:
            self.engine.wait_until_ready(READY_SECONDS)
        except EngineError:
            return  # kept in engine.failure(), and raised to everyone who waits
        done = self._run({"kind": "script", "statements": _WARM_UP}, threading.Event())
        self._warm = done.result is not None and bool(done.result["ok"])

    def _run(
        self,
        job: Mapping[str, Any],
        cancel: threading.Event,
        *,
        user: str = "",
        deadline: float | None = None,
        python: Path | None = None,
    ) -> Finished:
        generation = self.engine.generation
        try:
            remote = self.engine.remote_url(str(uuid.uuid4()), user or self._user_name)
        except EngineError:
            return Finished(None, "lost", "")
        stop = self._stop_reason(generation, cancel, deadline)
        own = {"remote": remote, "state_dir": str(self._state_dir), "user": user or self._user_name}
        finished = self._workers.run({**job, **own}, stop, python)
        if finished.stopped_by in ("canceled", "timed out"):
            self._interrupt(remote)
        if self.engine.generation != generation or not self.engine.alive():
            return finished if finished.result and finished.result["ok"] else Finished(None, "lost", finished.logs)
        return finished

    def _stop_reason(self, generation: int, cancel: threading.Event, deadline: float | None) -> Stop:
        def reason() -> str | None:
            if cancel.is_set():
                return "canceled"
            if deadline is not None and time.monotonic() > deadline:
                return "timed out"
            return None if self.engine.generation == generation and self.engine.alive() else "lost"

        return reason

    def _interrupt(self, remote: str) -> None:
        """The server goes on with the queries of a killed client unless its session is interrupted."""
        give_up = time.monotonic() + 10
        self._workers.run(
            {"kind": "interrupt", "remote": remote}, lambda: "late" if time.monotonic() > give_up else None
        )


def _task_result(finished: Finished) -> TaskResult:
    result = finished.result
    if finished.stopped_by == "canceled":
        return TaskResult(state="CANCELED", message="Run cancelled.", logs=finished.logs)
    if finished.stopped_by == "timed out":
        return TaskResult(state="TIMEDOUT", message="Run timed out.", logs=finished.logs)
    if finished.stopped_by == "lost":
        return TaskResult(state="INTERNAL_ERROR", error=LOST, message=LOST, logs=finished.logs)
    if result is None:
        unresponsive = "Fatal error: The Python kernel is unresponsive."
        return TaskResult(state="FAILED", error=unresponsive, message=USER_CODE_FAILED, logs=finished.logs)
    values = result.get("task_values") or {}
    if result["ok"]:
        exit_value = result.get("exit_value")
        return TaskResult(state="SUCCESS", exit_value=exit_value, task_values=values, logs=finished.logs)
    return TaskResult(
        state="FAILED",
        error=result["error"],
        error_trace=result["error_trace"],
        message=USER_CODE_FAILED,
        task_values=values,
        logs=finished.logs,
    )


def _statement_result(finished: Finished) -> StatementResult:
    result = finished.result
    if finished.stopped_by == "canceled":
        return StatementResult(state="CANCELED")
    if result is None:
        return StatementResult(state="FAILED", error_code="INTERNAL_ERROR", error_message=LOST)
    if not result["ok"]:
        state: Literal["FAILED"] = "FAILED"
        return StatementResult(
            state=state, error_code="BAD_REQUEST", error_message=result["error"], sql_state=result["sql_state"]
        )
    rows = tuple(tuple(row) for row in result["rows"])
    columns = tuple(result["columns"])
    return StatementResult(state="SUCCEEDED", columns=columns, rows=rows, truncated=result["truncated"])


def _typed(item: Mapping[str, Any]) -> Any:
    """Return a parameter's value with its type; text and unknown types stay text."""
    kind, value = str(item.get("type") or "STRING").upper(), item.get("value")
    if value is None:
        return None
    if kind in ("INT", "BIGINT", "SMALLINT", "TINYINT", "LONG"):
        return int(value)
    if kind in ("DOUBLE", "FLOAT"):
        return float(value)
    return value.lower() == "true" if kind == "BOOLEAN" else value
