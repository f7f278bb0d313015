"""information_schema: routines, their parameters and the columns that they return."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.layout import USER_NAME
from sandbox.spark.rewrite.information_scope import AUDIT, Rows, Scope, View
from sandbox.spark.rewrite.lakehouse import Function

_SPECIFIC = "specific_catalog specific_schema specific_name"


def _routines(scope: Scope) -> Rows:
    for one in scope.all_functions():
        kind = "TABLE" if one.table_valued else one.returns[0][1].upper()
        yield {
            **_specific(one), "routine_catalog": one.catalog, "routine_schema": one.schema, "routine_name": one.name,
            "routine_owner": scope.owner("FUNCTION", one.full_name), "routine_type": "FUNCTION", "data_type": kind,
            "full_data_type": "TABLE" if one.table_valued else one.returns[0][1].lower(), "routine_body": "SQL",
            "routine_definition": one.body, "parameter_style": "S", "is_deterministic": "YES",
            "sql_data_access": "READS_SQL_DATA" if one.table_valued else "CONTAINS_SQL", "is_null_call": "YES",
            "security_type": "DEFINER", "created": one.created, "created_by": USER_NAME, "last_altered": one.created,
            "last_altered_by": USER_NAME, "comment": one.comment,
        }  # fmt: skip


def _parameters(scope: Scope) -> Rows:
    for one in scope.all_functions():
        for position, (name, kind, default, comment) in enumerate(one.parameters):
            yield {
                **_specific(one), "ordinal_position": position, "parameter_mode": "IN", "is_result": "NO",
                "parameter_name": name, "data_type": kind.upper(), "full_data_type": kind.lower(),
                "parameter_default": default, "comment": comment,
            }  # fmt: skip


def _routine_columns(scope: Scope) -> Rows:
    for one in scope.all_functions():
        for position, (name, kind, _, comment) in enumerate(one.returns if one.table_valued else ()):
            yield {
                **_specific(one), "column_name": name, "ordinal_position": position, "data_type": kind.upper(),
                "full_data_type": kind.lower(), "comment": comment,
            }  # fmt: skip


def _specific(one: Function) -> dict[str, str]:
    return {"specific_catalog": one.catalog, "specific_schema": one.schema, "specific_name": one.name}


VIEWS: Mapping[str, View] = {
    "routines": (
        (
            f"{_SPECIFIC} routine_catalog routine_schema routine_name routine_owner routine_type data_type "
            "full_data_type routine_body routine_definition external_name external_language parameter_style "
            f"is_deterministic sql_data_access is_null_call sql_path security_type as_locator comment {AUDIT}"
        ),
        _routines,
    ),
    "parameters": (
        (
            f"{_SPECIFIC} ordinal_position:INT parameter_mode is_result as_locator parameter_name data_type "
            "full_data_type parameter_default comment"
        ),
        _parameters,
    ),
    "routine_columns": (
        f"{_SPECIFIC} column_name ordinal_position:INT data_type full_data_type comment",
        _routine_columns,
    ),
}
