"""SQL statements: executed by compute, kept for a while so that results can be fetched."""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from sandbox.compute import Compute, StatementRequest, StatementResult
from sandbox.errors import ApiError

CHUNK_ROWS = 1000
_KEPT = 500


@dataclass
class Statement:
    """One statement and, once it has ended, its result."""

    statement_id: str
    cancel: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    result: StatementResult | None = None
    running: bool = False

    @property
    def state(self) -> str:
        """State as the API names it."""
        if self.result is not None:
            return self.result.state
        return "RUNNING" if self.running else "PENDING"


class StatementService:
    """The statements of this process; a restart forgets them, as a warehouse does after an hour."""

    def __init__(self, compute: Compute) -> None:
        self._compute = compute
        self._pool = ThreadPoolExecutor(8, thread_name_prefix="statement")
        self._statements: OrderedDict[str, Statement] = OrderedDict()
        self._lock = threading.Lock()

    def submit(self, text: str, **options: Any) -> Statement:
        """Begin to execute a statement."""
        statement = Statement(str(uuid.uuid4()))
        with self._lock:
            self._statements[statement.statement_id] = statement
            while len(self._statements) > _KEPT:
                self._statements.popitem(last=False)
        request = StatementRequest(statement_id=statement.statement_id, statement=text, **options)
        self._pool.submit(self._perform, statement, request)
        return statement

    def run(self, text: str, **options: Any) -> StatementResult:
        """Execute a statement and wait for its end."""
        return self._execute(StatementRequest(statement_id=str(uuid.uuid4()), statement=text, **options), Statement(""))

    def find(self, statement_id: str) -> Statement:
        """A statement by its id."""
        found = self._statements.get(statement_id)
        if found is None:
            raise ApiError.missing(f"The statement {statement_id} was not found.")
        return found

    def cancel(self, statement_id: str) -> None:
        """Cancel a statement; one that has ended stays as it is."""
        statement = self.find(statement_id)
        statement.cancel.set()

    def close(self) -> None:
        """Stop the threads."""
        for statement in list(self._statements.values()):
            statement.cancel.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _perform(self, statement: Statement, request: StatementRequest) -> None:
        statement.running = True
        canceled = StatementResult(state="CANCELED")
        statement.result = canceled if statement.cancel.is_set() else self._execute(request, statement)
        statement.ended.set()

    def _execute(self, request: StatementRequest, statement: Statement) -> StatementResult:
        try:
            return self._compute.run_statement(request, statement.cancel)
        except Exception as error:  # noqa: BLE001  a defect of the compute mode must end the statement, not hang it
            return StatementResult(
                state="FAILED", error_code="INTERNAL_ERROR", error_message=f"SANDBOX_DEFECT: {error!r}"
            )


def shown(statement: Statement) -> dict[str, Any]:
    """A statement as the API returns it, with the first chunk of its result."""
    answer: dict[str, Any] = {"statement_id": statement.statement_id, "status": {"state": statement.state}}
    result = statement.result
    if result is None:
        return answer
    if result.state == "FAILED":
        answer["status"]["error"] = {
            "error_code": result.error_code or "BAD_REQUEST",
            "message": result.error_message or "",
        }
        if result.sql_state:
            answer["status"]["sql_state"] = result.sql_state
    if result.state == "SUCCEEDED":
        answer |= {"manifest": _manifest(result), "result": chunk(statement, 0)}
    return answer


def chunk(statement: Statement, index: int) -> dict[str, Any]:
    """One chunk of a result."""
    result = statement.result
    if result is None or result.state != "SUCCEEDED":
        raise ApiError.invalid_state(f"The statement {statement.statement_id} has no result.")
    first = index * CHUNK_ROWS
    rows = result.rows[first : first + CHUNK_ROWS]
    if index and not rows:
        raise ApiError.invalid(f"The result of statement {statement.statement_id} has no chunk {index}.")
    shown_chunk: dict[str, Any] = {"chunk_index": index, "row_offset": first, "row_count": len(rows)}
    if rows:
        shown_chunk["data_array"] = [list(row) for row in rows]
    if first + CHUNK_ROWS < len(result.rows):
        shown_chunk["next_chunk_index"] = index + 1
    return shown_chunk


def _manifest(result: StatementResult) -> dict[str, Any]:
    starts = range(0, len(result.rows), CHUNK_ROWS)
    chunks = [
        {"chunk_index": index, "row_offset": first, "row_count": len(result.rows[first : first + CHUNK_ROWS])}
        for index, first in enumerate(starts)
    ]
    return {
        "format": "JSON_ARRAY",
        "schema": {"column_count": len(result.columns), "columns": [dict(column) for column in result.columns]},
        "total_chunk_count": len(chunks),
        "total_row_count": len(result.rows),
        "truncated": result.truncated,
        "chunks": chunks,
    }
