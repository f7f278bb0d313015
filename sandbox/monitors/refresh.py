"""One refresh: the statements that read a table and write its profile and drift."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from sandbox.catalog import Catalog
from sandbox.errors import ApiError
from sandbox.monitors import statements as sql
from sandbox.monitors.plan import Column, Plan
from sandbox.statements import Statement, StatementService


class RefreshError(Exception):
    """Why a refresh failed."""


class CanceledError(Exception):
    """The refresh was canceled."""


class Refresh:
    """Runs in the thread that it is called from; `cancel` comes from another."""

    def __init__(self, statements: StatementService) -> None:
        self._statements, self._catalog = statements, Catalog(statements)
        self._canceled = threading.Event()
        self._current: Statement | None = None

    def cancel(self) -> None:
        """Stop it as soon as may be."""
        self._canceled.set()
        current = self._current
        if current is not None:
            self._statements.cancel(current.statement_id)

    def run(self, plan: Plan, moment_ms: int) -> None:
        """Compute the metrics.

        Raises:
            RefreshError: A statement failed; the message says which and why.
            CanceledError: It was canceled.
        """
        columns = self.columns(plan.table)
        if columns is None:
            raise RefreshError(f"Table '{plan.table}' does not exist.")
        profile, drift = self.columns(plan.profile_table), self.columns(plan.drift_table)
        self._run_all(sql.prepare(plan.profile_table, plan.profile_columns(), profile))
        self._run_all(sql.prepare(plan.drift_table, plan.drift_columns(), drift))
        try:
            self._run_all(sql.fill_profile(plan, columns, profile, moment_ms))
        except RefreshError:
            self._blame_metric(plan)
            raise
        try:
            self._run_all(sql.fill_drift(plan, drift))
        except RefreshError as error:
            raise RefreshError(f"Failed to compute drift metrics: {error}") from error

    def columns(self, table: str) -> list[Column] | None:
        """Columns of a table; None if it does not exist."""
        try:
            found = self._catalog.table(table)
        except ApiError as error:
            if error.status == 404:
                return None
            raise RefreshError(error.message) from error
        return [Column(column["name"], column["type_text"]) for column in found["columns"]]

    def _blame_metric(self, plan: Plan) -> None:
        """Say which custom metric made the profile fail, if one did."""
        for metric in plan.of_kind("AGGREGATE"):
            try:
                self._run_all(sql.probe(plan, metric))
            except RefreshError as error:
                raise RefreshError(sql.error_of_metric(metric, str(error))) from error

    def _run_all(self, texts: Sequence[str]) -> None:
        for text in texts:
            if self._canceled.is_set():
                raise CanceledError
            self._current = statement = self._statements.submit(text)
            if self._canceled.is_set():
                self._statements.cancel(statement.statement_id)
            statement.ended.wait()
            result = statement.result
            if result is None or result.state == "CANCELED":
                raise CanceledError
            if result.state == "FAILED":
                raise RefreshError(result.error_message or "The statement failed.")
