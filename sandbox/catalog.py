"""Unity Catalog's objects, read from the engine with SHOW and DESCRIBE."""

from __future__ import annotations

from typing import Any

from sandbox.column_types import api_type
from sandbox.compute import StatementResult
from sandbox.errors import ApiError
from sandbox.layout import USER_NAME
from sandbox.object_ids import object_id
from sandbox.statements import StatementService

CATALOG = "main"
_VIEWS = {"VIEW", "METRIC_VIEW"}


class Catalog:
    """Asks the engine; keeps nothing."""

    def __init__(self, statements: StatementService) -> None:
        self._statements = statements

    def catalog(self, name: str) -> dict[str, Any]:
        """One catalog; there is only `main`."""
        if name != CATALOG:
            raise ApiError(404, "CATALOG_DOES_NOT_EXIST", f"Catalog '{name}' does not exist.")
        return {"name": CATALOG, "full_name": CATALOG, "catalog_type": "MANAGED_CATALOG", "owner": USER_NAME}

    def schemas(self, catalog: str) -> list[dict[str, Any]]:
        """Schemas of a catalog."""
        self.catalog(catalog)
        rows = self._run(f"SHOW SCHEMAS IN {quoted(catalog)}", catalog).rows
        return [_schema(catalog, str(row[0]).rpartition(".")[2]) for row in rows]

    def schema(self, full_name: str) -> dict[str, Any]:
        """One schema."""
        catalog, name = _split(full_name, 2)
        self.catalog(catalog)
        result = self._run(f"DESCRIBE SCHEMA {quoted(catalog, name)}", full_name)
        facts = {str(row[0]).lower(): row[1] for row in result.rows if len(row) > 1}
        return _schema(catalog, name) | ({"comment": facts["comment"]} if facts.get("comment") else {})

    def create_schema(self, catalog: str, name: str, comment: str | None) -> dict[str, Any]:
        """Create a schema."""
        self.catalog(catalog)
        remark = f" COMMENT {literal(comment)}" if comment else ""
        self._run(f"CREATE SCHEMA {quoted(catalog, name)}{remark}", f"{catalog}.{name}")
        return _schema(catalog, name) | ({"comment": comment} if comment else {})

    def comment_schema(self, full_name: str, comment: str) -> dict[str, Any]:
        """Change the comment of a schema."""
        catalog, name = _split(full_name, 2)
        self._run(f"COMMENT ON SCHEMA {quoted(catalog, name)} IS {literal(comment)}", full_name)
        return _schema(catalog, name) | {"comment": comment}

    def delete_schema(self, full_name: str, *, force: bool) -> None:
        """Drop a schema, with all that is in it if forced."""
        catalog, name = _split(full_name, 2)
        self._run(f"DROP SCHEMA {quoted(catalog, name)} {'CASCADE' if force else 'RESTRICT'}", full_name)

    def tables(self, catalog: str, schema: str) -> list[dict[str, Any]]:
        """Tables and views of a schema, by name only."""
        rows = self._run(f"SHOW TABLES IN {quoted(catalog, schema)}", f"{catalog}.{schema}").rows
        return [_table(catalog, schema, str(row[1])) for row in rows]

    def table(self, full_name: str) -> dict[str, Any]:
        """One table or view with its columns."""
        catalog, schema, name = _split(full_name, 3)
        self.catalog(catalog)
        rows = self._run(f"DESCRIBE TABLE EXTENDED {quoted(catalog, schema, name)}", full_name).rows
        return _table(catalog, schema, name) | _details(rows)

    def delete_table(self, full_name: str) -> None:
        """Drop a table or a view."""
        kind = "VIEW" if self.table(full_name).get("table_type") in _VIEWS else "TABLE"
        self._run(f"DROP {kind} {quoted(*_split(full_name, 3))}", full_name)

    def _run(self, statement: str, name: str) -> StatementResult:
        result = self._statements.run(statement)
        if result.state != "SUCCEEDED":
            raise _refusal(result.error_message or "The statement was canceled.", name)
        return result


def quoted(*parts: str) -> str:
    """A name for SQL."""
    return ".".join(f"`{part.replace('`', '``')}`" for part in parts)


def literal(text: str) -> str:
    """A text for SQL."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _split(full_name: str, parts: int) -> list[str]:
    names = full_name.split(".")
    if len(names) != parts or not all(names):
        raise ApiError.invalid(f"'{full_name}' is no name of {parts} parts.")
    return names


def _refusal(message: str, name: str) -> ApiError:
    if "SCHEMA_NOT_FOUND" in message:
        schema = ".".join(name.split(".")[:2])
        return ApiError(404, "SCHEMA_DOES_NOT_EXIST", f"Schema '{schema}' does not exist.")
    if "TABLE_OR_VIEW_NOT_FOUND" in message:
        return ApiError(404, "TABLE_DOES_NOT_EXIST", f"Table '{name}' does not exist.")
    if "ALREADY_EXISTS" in message:
        return ApiError(409, "SCHEMA_ALREADY_EXISTS", f"Schema '{name}' already exists.")
    if "SCHEMA_NOT_EMPTY" in message:
        return ApiError(
            400, "SCHEMA_NOT_EMPTY", f"Schema '{name}' is not empty. Delete its tables first, or use force."
        )
    return ApiError(500, "INTERNAL_ERROR", message)


def _schema(catalog: str, name: str) -> dict[str, Any]:
    full_name = f"{catalog}.{name}"
    return {
        "name": name,
        "catalog_name": catalog,
        "full_name": full_name,
        "owner": USER_NAME,
        "schema_id": object_id(full_name),
    }


def _table(catalog: str, schema: str, name: str) -> dict[str, Any]:
    full_name = f"{catalog}.{schema}.{name}"
    return {
        "name": name,
        "catalog_name": catalog,
        "schema_name": schema,
        "full_name": full_name,
        "owner": USER_NAME,
        "table_id": object_id(full_name),
    }


def _details(rows: tuple[tuple[str | None, ...], ...]) -> dict[str, Any]:
    """Columns come first; facts about the table follow after an empty row or a heading."""
    columns: list[dict[str, Any]] = []
    facts: dict[str, str] = {}
    among_columns = True
    for row in rows:
        name, value = row[0] or "", row[1] or ""
        among_columns = among_columns and bool(name) and not name.startswith("#")
        if among_columns:
            column = {"name": name, "type_text": value, "type_name": api_type(value)}
            comment = {"comment": row[2]} if len(row) > 2 and row[2] else {}
            columns.append(column | comment | {"position": len(columns)})
        elif name:
            facts.setdefault(name, value)
    shown: dict[str, Any] = {"columns": columns, "table_type": facts.get("Type", "MANAGED")}
    named = {"Provider": "data_source_format", "Comment": "comment", "View Text": "view_definition"}
    shown |= {field: facts[name] for name, field in named.items() if facts.get(name)}
    if "data_source_format" in shown:
        shown["data_source_format"] = shown["data_source_format"].upper()
    return shown
