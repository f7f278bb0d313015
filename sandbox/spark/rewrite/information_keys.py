"""information_schema: primary and foreign keys."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.metastore import Key
from sandbox.spark.rewrite.information_scope import TABLE, Rows, Scope, View, table_name

_CONSTRAINT = "constraint_catalog constraint_schema constraint_name"
_UNIQUE = "unique_constraint_catalog unique_constraint_schema unique_constraint_name"


def _table_constraints(scope: Scope) -> Rows:
    for table, key in _keys(scope):
        yield {
            **_constraint(table, key.name), **table_name(table),
            "constraint_type": "PRIMARY KEY" if key.primary else "FOREIGN KEY", "is_deferrable": "NO",
            "initially_deferred": "NO", "enforced": "NO", "comment": None,
        }  # fmt: skip


def _key_column_usage(scope: Scope) -> Rows:
    for table, key in _keys(scope):
        for position, column in enumerate(key.columns, start=1):
            yield {
                **_constraint(table, key.name), **table_name(table), "column_name": column,
                "ordinal_position": position, "position_in_unique_constraint": None if key.primary else position,
            }  # fmt: skip


def _referential_constraints(scope: Scope) -> Rows:
    parents = {table: key.name for table, key in scope.session.metastore.table_keys() if key.primary}
    for table, key in _keys(scope):
        if not key.primary:
            catalog, schema, _ = key.parent.split(".")
            yield {
                **_constraint(table, key.name), "unique_constraint_catalog": catalog,
                "unique_constraint_schema": schema, "unique_constraint_name": parents.get(key.parent),
                "match_option": "FULL", "update_rule": "NO ACTION", "delete_rule": "NO ACTION",
            }  # fmt: skip


def _constraint_column_usage(scope: Scope) -> Rows:
    for table, key in _keys(scope):
        target, columns = (table, key.columns) if key.primary else (key.parent, key.parent_columns)
        for column in columns:
            yield {**table_name(target), "column_name": column, **_constraint(table, key.name)}


def _constraint_table_usage(scope: Scope) -> Rows:
    for table, key in _keys(scope):
        yield {**_constraint(table, key.name), **table_name(table if key.primary else key.parent)}


def _keys(scope: Scope) -> list[tuple[str, Key]]:
    return [
        (table, key)
        for table, key in scope.session.metastore.table_keys()
        if scope.sees("TABLE", table) and (scope.tables is None or table.split(".")[2] in scope.tables)
    ]


def _constraint(table: str, name: str) -> dict[str, str]:
    catalog, schema, _ = table.split(".")
    return {"constraint_catalog": catalog, "constraint_schema": schema, "constraint_name": name}


VIEWS: Mapping[str, View] = {
    "table_constraints": (
        f"{_CONSTRAINT} {TABLE} constraint_type is_deferrable initially_deferred enforced comment",
        _table_constraints,
    ),
    "key_column_usage": (
        f"{_CONSTRAINT} {TABLE} column_name ordinal_position:INT position_in_unique_constraint:INT",
        _key_column_usage,
    ),
    "referential_constraints": (
        f"{_CONSTRAINT} {_UNIQUE} match_option update_rule delete_rule",
        _referential_constraints,
    ),
    "constraint_column_usage": (f"{TABLE} column_name {_CONSTRAINT}", _constraint_column_usage),
    "constraint_table_usage": (f"{_CONSTRAINT} {TABLE}", _constraint_table_usage),
}
