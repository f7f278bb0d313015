"""Whether tables and functions exist and hold rows, each asked for once."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import quote

import sqlglot.expressions as exp

from workspace.errors import OperatorError, WorkspaceRequestError
from workspace.services.deployed_objects import is_missing
from workspace.services.rest import get_json
from workspace.services.statements import Patience, run_statement
from workspace.services.table_sizes import find_warehouse

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

_BASE = "/api/2.1/unity-catalog"
_ONE_STATEMENT = timedelta(seconds=20)


class Lookups:
    """Looks up objects of the catalog with one client."""

    def __init__(self, client: WorkspaceClient) -> None:
        self._client = client
        self._known: dict[tuple[str, bool], bool] = {}

    def exists(self, name: str, *, is_function: bool = False) -> bool:
        """Tell whether a table, view or function of this three-part name exists.

        Raises:
            WorkspaceRequestError: the workspace does not tell.
        """
        if (name, is_function) not in self._known:
            self._known[name, is_function] = self._is_listed("functions" if is_function else "tables", name)
        return self._known[name, is_function]

    def has_rows(self, table: str) -> bool | None:
        """Tell whether a table holds a row; None when no warehouse answers within 20 seconds."""
        if self._warehouse is None:
            return None
        catalog, schema, last = table.split(".", 2)
        name = exp.table_(last, db=schema, catalog=catalog, quoted=True)
        query = exp.select("1").from_(name).limit(1).sql("databricks")
        try:
            found = run_statement(self._client, self._warehouse, query, patience=Patience(timeout=_ONE_STATEMENT))
        except OperatorError:
            return None  # a metric view needs another query, a table may be locked: the run itself tells more
        return bool(found.rows)

    @cached_property
    def _warehouse(self) -> str | None:
        try:
            return find_warehouse(self._client)
        except WorkspaceRequestError as error:
            if error.transient:
                raise
            return None

    def _is_listed(self, kind: str, name: str) -> bool:
        path = f"{_BASE}/{kind}/{quote(name, safe='')}"
        try:
            get_json(self._client, path, {}, f"looking up {name}")
        except WorkspaceRequestError as error:
            if is_missing(error):
                return False
            raise
        return True
