"""Compute mode `scripted`: no engine runs, outcomes and durations come from a script (its form: sandbox/script.py)."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from sandbox.compute import (
    LOST,
    EventSink,
    PipelineEvent,
    StatementRequest,
    StatementResult,
    TaskRequest,
    TaskResult,
    UpdateRequest,
    UpdateResult,
)
from sandbox.errors import SandboxError
from sandbox.script import Rule, Script, StatementRule, TaskRule, UpdateRule, fits, parse_script, read_script
from sandbox.waits import Waits

R = TypeVar("R", bound=Rule)


class ScriptedCompute:
    """Plays outcomes from a script."""

    needs_sources = False
    """Tasks of every type are played, whether their sources exist or not."""
    workers = 512
    """Waiting threads cost little; a thousand runs at once are no trouble."""

    def __init__(self, script: Path) -> None:
        self._path = script
        self._lock = threading.Lock()
        self._waits = Waits()
        self._seen: Counter[tuple[str, str]] = Counter()
        self._stamp: tuple[int, int] | None = None
        self._script = Script()
        self._error: str | None = None

    def set_script(self, document: Any) -> None:
        """Replace the script until the file changes, and count occurrences from the beginning."""
        script = parse_script(document, "The document")
        with self._lock:
            self._script, self._stamp, self._error = script, self._file_stamp(), None
            self._seen.clear()

    def start(self) -> None:
        """Read the script once, so that a mistake in it shows at once."""
        self._script, self._stamp = read_script(self._path), self._file_stamp()

    def wait_until_ready(self, timeout_seconds: float) -> None:
        """Nothing has to start."""

    def stop(self) -> None:
        """Nothing has to stop."""

    def status(self) -> Mapping[str, Any]:
        """The mode, and what is wrong with the script if something is."""
        return {"mode": "scripted", "ready": True, "script": str(self._path), "script_error": self._error}

    def run_task(self, request: TaskRequest, cancel: threading.Event) -> TaskResult:
        """Play a task run."""
        rules = [rule for rule in self._rules().tasks if _fits(rule, request)]
        rule = self._choose("task", f"{request.job_name}/{request.task_key}", rules) or TaskRule()
        limit = request.timeout_seconds
        ended = self._waits.wait(cancel, min(rule.seconds, limit) if limit else rule.seconds)
        if ended == "lost":
            return TaskResult(state="INTERNAL_ERROR", error=LOST, message=LOST)
        if ended == "canceled":
            return TaskResult(state="CANCELED")
        if limit and limit < rule.seconds:
            return TaskResult(state="TIMEDOUT")
        return TaskResult(**rule.model_dump(exclude={"job", "task", "input", "occurrence", "seconds"}))

    def run_statement(self, request: StatementRequest, cancel: threading.Event) -> StatementResult:
        """Play a statement."""
        text = " ".join(request.statement.split()).lower()
        rules = [rule for rule in self._rules().statements if fits(text, rule.statement.lower())]
        rule = self._choose("statement", text, rules) or StatementRule()
        ended = self._waits.wait(cancel, rule.seconds)
        if ended == "lost":
            return StatementResult(state="FAILED", error_code="INTERNAL_ERROR", error_message=LOST)
        if ended == "canceled":
            return StatementResult(state="CANCELED")
        return _statement_result(rule, request.row_limit)

    def run_update(self, request: UpdateRequest, emit: EventSink, cancel: threading.Event) -> UpdateResult:
        """Play an update."""
        rules = [rule for rule in self._rules().updates if fits(request.name, rule.pipeline)]
        rule = self._choose("update", request.pipeline_id, rules) or UpdateRule()
        for state in ("SETTING_UP_TABLES", "RUNNING"):
            emit(_progress(request.update_id, state))
        for event in rule.events:
            emit(event)
        ended = self._waits.wait(cancel, rule.seconds)
        if ended == "lost":
            return UpdateResult(state="FAILED", message=LOST)
        if ended == "canceled":
            return UpdateResult(state="CANCELED")
        return UpdateResult(state=rule.state, message=rule.message)

    def lose_engine(self) -> None:
        """End what is in progress as the loss of a cluster does."""
        self._waits.lose()

    def _rules(self) -> Script:
        """The script as it is now; a file that has become unreadable leaves the last good one in force."""
        with self._lock:
            stamp = self._file_stamp()
            if stamp != self._stamp:
                self._stamp = stamp
                try:
                    self._script, self._error = read_script(self._path), None
                except SandboxError as error:
                    self._error = str(error)
            return self._script

    def _choose(self, kind: str, key: str, rules: Iterable[R]) -> R | None:
        with self._lock:
            self._seen[kind, key] += 1
            occurrence = self._seen[kind, key]
        return next((rule for rule in rules if rule.counts(occurrence)), None)

    def _file_stamp(self) -> tuple[int, int] | None:
        try:
            facts = self._path.stat()
        except FileNotFoundError:
            return None
        return facts.st_mtime_ns, facts.st_size


def _fits(rule: TaskRule, request: TaskRequest) -> bool:
    element = request.input if isinstance(request.input, str) else json.dumps(request.input)
    return fits(request.job_name, rule.job) and fits(request.task_key, rule.task) and fits(element, rule.input)


def _progress(update_id: str, state: str) -> PipelineEvent:
    return PipelineEvent(
        event_type="update_progress",
        level="INFO",
        message=f"Update {update_id[:6]} is {state}.",
        details={"update_progress": {"state": state}},
    )


def _statement_result(rule: StatementRule, row_limit: int | None) -> StatementResult:
    columns = [column if isinstance(column, dict) else {"name": column} for column in rule.columns]
    described = [
        {"type_name": "STRING", "type_text": str(column.get("type_name", "STRING"))} | column | {"position": position}
        for position, column in enumerate(columns)
    ]
    rows = tuple(tuple(row) for row in rule.rows[:row_limit])
    return StatementResult(
        state=rule.state,
        columns=tuple(described),
        rows=rows,
        truncated=len(rows) < len(rule.rows),
        error_code=rule.error_code,
        error_message=rule.error_message,
        sql_state=rule.sql_state,
    )
