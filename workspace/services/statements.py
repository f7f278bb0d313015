"""SQL statements on a warehouse, run to their end: reading ones, and destructive ones that a person approved.

Whatever else changes data is a job's work.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlglot
from sqlglot import exp

from workspace.errors import ApprovalRequiredError, UsageError, WorkspaceRequestError
from workspace.guard import DestructiveAction, Permission, destructive_statements
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
_READING_WORDS = {"SHOW", "DESCRIBE", "DESC"}
"""The parser knows only some of their forms, and none of them writes."""
_WRITING = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Alter, exp.Command, exp.Into)


@dataclass(frozen=True)
class Place:
    """Where a statement runs: the warehouse, and what completes names that are not written out in full."""

    warehouse_id: str
    catalog: str | None = None
    schema: str | None = None


@dataclass(frozen=True)
class Patience:
    """How long a statement's end is waited for, and how the time between two looks passes."""

    timeout: timedelta = timedelta(minutes=10)
    sleep: Sleep = time.sleep


def run_statement(
    client: WorkspaceClient,
    warehouse: str | Place,
    statement: str,
    *,
    parameters: Mapping[str, str | None] | None = None,
    permission: Permission | None = None,
    patience: Patience | None = None,
) -> StatementResult:
    """Run one statement and return its rows, at most 10,000.

    Args:
        client: client of the workspace.
        warehouse: id of the SQL warehouse, which is started by the statement where it is stopped; or a place.
        statement: one SELECT, SHOW or DESCRIBE; `:name` marks a parameter.
        parameters: values of the parameters.
        permission: for a statement that may delete or replace something; it is used up right before the statement
            runs, and must be for `statement_digest(statement, parameters)`.
        patience: how long to wait for its end.

    Raises:
        UsageError: the statement is no single one, or it changes something without being destructive.
        ApprovalRequiredError: the statement is destructive and nobody approved exactly it.
        WorkspaceRequestError: the statement failed; the text is the engine's.
        RunTimeoutError: no end within the time limit.
    """
    if destructive_statements(require_single(statement)):
        _use(permission, statement, parameters)
    else:
        require_reading(statement)
    place = Place(warehouse) if isinstance(warehouse, str) else warehouse
    body = {
        "statement": statement,
        "warehouse_id": place.warehouse_id,
        **{name: value for name, value in (("catalog", place.catalog), ("schema", place.schema)) if value},
        "wait_timeout": "10s",
        "on_wait_timeout": "CONTINUE",
        "row_limit": ROW_LIMIT,
        "parameters": [{"name": name, "value": value} for name, value in (parameters or {}).items()],
    }
    with translated("running a statement"):
        first: Any = client.api_client.do("POST", PATH, body=body)
    answers, patience = iter([first]), patience or Patience()

    def look() -> Look[Mapping[str, Any]]:
        answer = next(answers, None) or get_json(client, f"{PATH}/{first['statement_id']}", {}, "reading a statement")
        state = str((answer.get("status") or {}).get("state") or "")
        return Look(state=state, end=answer if state in _ENDED else None)

    answer = wait_until_end(
        look, what=f"Statement {first['statement_id']}", timeout=patience.timeout, sleep=patience.sleep
    )
    return _result(client, answer)


def statement_digest(statement: str, parameters: Mapping[str, str | None] | None = None) -> str:
    """Return what identifies a statement with its parameters, for the approval of a destructive one."""
    return hashlib.sha256(json.dumps([statement, dict(parameters or {})], sort_keys=True).encode()).hexdigest()


def require_single(statement: str) -> str:
    """Return the statement if it is exactly one that can be read.

    Raises:
        UsageError: there are several or none, or it cannot be read.
    """
    try:
        tokens = sqlglot.tokenize(statement, read="databricks")
    except sqlglot.errors.SqlglotError as error:
        raise UsageError(f"The statement cannot be read: {str(error).splitlines()[0]}") from None
    ends = [index for index, token in enumerate(tokens) if token.text == ";" and token.token_type.name == "SEMICOLON"]
    if not tokens or any(index < len(tokens) - 1 for index in ends):
        raise UsageError("One statement is run at a time.")
    return statement


def require_reading(statement: str) -> None:
    """Refuse a statement that does more than read.

    Raises:
        UsageError: it is no single SELECT, SHOW or DESCRIBE, or it cannot be parsed.
    """
    require_single(statement)
    first = sqlglot.tokenize(statement, read="databricks")[0].text.upper()
    if first in _READING_WORDS:
        return
    try:
        parsed = sqlglot.parse_one(statement, dialect="databricks")
    except sqlglot.errors.SqlglotError as error:
        raise UsageError(f"The statement cannot be parsed: {str(error).splitlines()[0]}") from None
    if not isinstance(parsed, exp.Query) or parsed.find(*_WRITING) is not None:
        raise UsageError("Only one SELECT, SHOW or DESCRIBE is run here.")


def _use(permission: Permission | None, statement: str, parameters: Mapping[str, str | None] | None) -> None:
    if permission is None:
        raise ApprovalRequiredError("The statement may delete or replace data or objects: that needs an approval.")
    permission.use(DestructiveAction.RUN_STATEMENT, statement_digest(statement, parameters))


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
