"""SQL statements on a warehouse, run to their end. Only reading ones: whatever changes data is a job's work."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlglot
from sqlglot import exp

from workspace.errors import UsageError, WorkspaceRequestError
from workspace.models import StatementResult
from workspace.redaction import redact
from workspace.sdk import translated
from workspace.services.polling import Look, Sleep, wait_until_end
from workspace.services.rest import get_json

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

PATH = "/api/2.0/sql/statements"
ROW_LIMIT = 10_000
_ENDED = {"SUCCEEDED", "FAILED", "CANCELED", "CLOSED"}
_READING = (exp.Query, exp.Describe, exp.Show)
_WRITING = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Alter, exp.Command, exp.Into)


def run_statement(
    client: WorkspaceClient,
    warehouse_id: str,
    statement: str,
    *,
    parameters: Mapping[str, str | None] | None = None,
    timeout: timedelta = timedelta(minutes=10),
    sleep: Sleep = time.sleep,
) -> StatementResult:
    """Run one reading statement and return its rows, at most 10,000.

    Args:
        client: client of the workspace.
        warehouse_id: the SQL warehouse; a stopped one is started by the statement.
        statement: one SELECT, SHOW or DESCRIBE; `:name` marks a parameter.
        parameters: values of the parameters.
        timeout: time limit of the whole.
        sleep: waits between two looks.

    Raises:
        UsageError: the statement does not only read.
        WorkspaceRequestError: the statement failed; the text is the engine's.
        RunTimeoutError: no end within the time limit.
    """
    require_reading(statement)
    body = {
        "statement": statement,
        "warehouse_id": warehouse_id,
        "wait_timeout": "10s",
        "on_wait_timeout": "CONTINUE",
        "row_limit": ROW_LIMIT,
        "parameters": [{"name": name, "value": value} for name, value in (parameters or {}).items()],
    }
    with translated("running a statement"):
        first: Any = client.api_client.do("POST", PATH, body=body)
    answers = iter([first])

    def look() -> Look[Mapping[str, Any]]:
        answer = next(answers, None) or get_json(client, f"{PATH}/{first['statement_id']}", {}, "reading a statement")
        state = str((answer.get("status") or {}).get("state") or "")
        return Look(state=state, end=answer if state in _ENDED else None)

    answer = wait_until_end(look, what=f"Statement {first['statement_id']}", timeout=timeout, sleep=sleep)
    return _result(client, answer)


def require_reading(statement: str) -> None:
    """Refuse a statement that does more than read.

    Raises:
        UsageError: it is no single SELECT, SHOW or DESCRIBE, or it cannot be parsed.
    """
    try:
        parsed = [one for one in sqlglot.parse(statement, dialect="databricks") if one is not None]
    except sqlglot.errors.SqlglotError as error:
        raise UsageError(f"The statement cannot be parsed: {str(error).splitlines()[0]}") from None
    if len(parsed) != 1 or not _only_reads(parsed[0]):
        raise UsageError("Only one SELECT, SHOW or DESCRIBE is run here.")


def _only_reads(parsed: exp.Expr) -> bool:
    if isinstance(parsed, exp.Command):  # the parser knows SHOW as a word only
        return str(parsed.this).upper() == "SHOW"
    return isinstance(parsed, _READING) and parsed.find(*_WRITING) is None


def _result(client: WorkspaceClient, answer: Mapping[str, Any]) -> StatementResult:
    status = answer.get("status") or {}
    statement_id = str(answer.get("statement_id") or "")
    if status.get("state") != "SUCCEEDED":
        error = status.get("error") or {}
        text = redact(str(error.get("message") or status.get("state")))
        code = str(error.get("error_code") or status.get("state"))
        raise WorkspaceRequestError(f"Statement {statement_id} failed: {text}", error_code=code)
    manifest = answer.get("manifest") or {}
    columns = (manifest.get("schema") or {}).get("columns") or []
    rows = [tuple(_cell(value) for value in row) for chunk in _chunks(client, answer) for row in chunk]
    return StatementResult(
        statement_id=statement_id,
        columns=tuple(str(column.get("name")) for column in columns),
        rows=tuple(rows[:ROW_LIMIT]),
        truncated=bool(manifest.get("truncated")) or len(rows) > ROW_LIMIT,
    )


def _chunks(client: WorkspaceClient, answer: Mapping[str, Any]) -> Iterator[list[list[Any]]]:
    chunk = answer.get("result") or {}
    while True:
        yield chunk.get("data_array") or []
        following = chunk.get("next_chunk_index")
        if following is None:
            return
        path = f"{PATH}/{answer['statement_id']}/result/chunks/{following}"
        chunk = get_json(client, path, {}, "reading the rows of a statement")


def _cell(value: Any) -> str | None:
    return None if value is None else redact(str(value))
