"""Tries queries that dashboards, alerts and Genie spaces run: one row of each, on a warehouse, within a time limit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlglot
import sqlglot.expressions as exp

from workspace.errors import ApprovalRequiredError, OperatorError, RunTimeoutError, UsageError, WorkspaceRequestError
from workspace.models import StatementResult
from workspace.services.statements import Patience, Place, run_statement

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

ONE_QUERY = timedelta(minutes=2)


class QueryError(OperatorError):
    """A query does not run; the text is what the engine or the parser says."""


def first_row(
    client: WorkspaceClient, place: Place, query: str, parameters: Mapping[str, str | None] | None = None
) -> StatementResult:
    """Return columns and the first row of a query.

    Raises:
        QueryError: it does not run, is no query, or takes longer than two minutes.
        WorkspaceRequestError: a fault that may pass.
    """
    try:
        limited = limited_to_one(query)
        return run_statement(client, place, limited, parameters=parameters, patience=Patience(timeout=ONE_QUERY))
    except WorkspaceRequestError as error:
        if error.transient:
            raise
        raise QueryError(str(error)) from None
    except (UsageError, RunTimeoutError) as error:
        raise QueryError(str(error)) from None
    except ApprovalRequiredError:
        raise QueryError("It is no query: it would change something, and was not run.") from None


def limited_to_one(query: str) -> str:
    """Return the query around which one row is asked for; what is no SELECT stays as it is.

    Raises:
        UsageError: it cannot be parsed, or is more than one statement.
    """
    text = query.strip().rstrip(";").rstrip()
    try:
        parsed = sqlglot.parse(text, dialect="databricks")
    except sqlglot.errors.SqlglotError:
        # The engine knows more SQL than our parser, and says what is wrong with the rest.
        return _around(text)
    if len(parsed) != 1:
        raise UsageError("One statement is run at a time.")
    return _around(text) if isinstance(parsed[0], exp.Query) else text


def _around(query: str) -> str:
    """A query may end in a comment, hence the lines. Whatever it says, what is run has to be one that only reads."""
    lines = ["SELECT * FROM (", query, ") LIMIT 1"]
    return "\n".join(lines)
