"""information_schema: catalogs, schemata, tables, columns, views, volumes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.layout import USER_NAME
from sandbox.spark.rewrite.information_scope import AUDIT, TABLE, Rows, Scope, View, audit
from sandbox.spark.rewrite.lakehouse import Table

_SIMPLE = {"BIGINT": "LONG", "SMALLINT": "SHORT", "TINYINT": "BYTE", "VOID": "NULL"}
_PRECISION = {"TINYINT": 3, "SMALLINT": 5, "INT": 10, "BIGINT": 19, "FLOAT": 24, "DOUBLE": 53}


def _catalogs(scope: Scope) -> Rows:
    for one in scope.session.metastore.securables("CATALOG"):
        if scope.sees("CATALOG", one.name):
            yield {
                "catalog_name": one.name, "catalog_owner": one.owner, "comment": one.comment,
                **audit(one.created_at, one.created_by, one.updated_at),
            }  # fmt: skip


def _schemata(scope: Scope) -> Rows:
    for catalog, schema in scope.lakehouse.schemas(scope.catalogs, scope.schemas):
        facts = scope.lakehouse.schema_facts(catalog, schema)
        known = scope.session.metastore.find("SCHEMA", f"{catalog}.{schema}")
        created = known.created_at if known else 0
        yield {
            "catalog_name": catalog, "schema_name": schema, "schema_owner": known.owner if known else USER_NAME,
            "comment": facts.get("Comment") or None,
            **audit(created, known.created_by if known else USER_NAME, known.updated_at if known else 0),
        }  # fmt: skip
    for catalog in scope.catalogs:
        if scope.schemas is None or "information_schema" in scope.schemas:
            yield {"catalog_name": catalog, "schema_name": "information_schema", "schema_owner": "System user"}


def _tables(scope: Scope) -> Rows:
    for one in scope.all_tables():
        yield {
            "table_catalog": one.catalog, "table_schema": one.schema, "table_name": one.name, "table_type": one.type,
            "is_insertable_into": "NO" if "VIEW" in one.type else "YES", "commit_action": "PRESERVE",
            "table_owner": scope.owner("TABLE", one.full_name), "comment": one.comment, "created": one.created,
            "created_by": scope.owner("TABLE", one.full_name), "last_altered": one.altered,
            "last_altered_by": USER_NAME, "data_source_format": one.format, "storage_path": one.location,
        }  # fmt: skip


def _columns(scope: Scope) -> Rows:
    tables = list(scope.all_tables())
    for table, fields in zip(tables, scope.lakehouse.columns(tables), strict=True):
        remarks = _metric_view_remarks(scope, table)
        for position, field in enumerate(fields):
            yield _column(table, position, field, remarks.get(field.name))


def _column(table: Table, position: int, field: Any, remark: str | None) -> Mapping[str, Any]:
    full_type = field.dataType.simpleString()
    plain = full_type.upper().partition("(")[0].partition("<")[0]
    default = field.metadata.get("CURRENT_DEFAULT")
    decimal = field.dataType if plain == "DECIMAL" else None
    return {
        "table_catalog": table.catalog, "table_schema": table.schema, "table_name": table.name,
        "column_name": field.name, "ordinal_position": position, "column_default": default,
        "is_nullable": "YES" if field.nullable else "NO", "full_data_type": full_type,
        "data_type": _SIMPLE.get(plain, plain),
        "numeric_precision": decimal.precision if decimal else _PRECISION.get(plain),
        "numeric_precision_radix": 10 if decimal or plain in _PRECISION else None,
        "numeric_scale": decimal.scale if decimal else (0 if plain in _PRECISION else None),
        "is_identity": "NO", "is_generated": "NEVER", "is_system_time_period_start": "NO",
        "is_system_time_period_end": "NO", "system_time_period_timestamp_generation": None, "is_updatable": "YES",
        "partition_ordinal_position": None, "comment": field.metadata.get("comment") or remark,
    }  # fmt: skip


def _metric_view_remarks(scope: Scope, table: Table) -> Mapping[str, str]:
    if table.type != "METRIC_VIEW":
        return {}
    known = scope.session.metastore.find("TABLE", table.full_name)
    return known.facts.get("comments", {}) if known else {}


def _views(scope: Scope) -> Rows:
    for one in scope.all_tables():
        if one.definition is not None:
            known = scope.session.metastore.find("TABLE", one.full_name)
            text = known.facts.get("yaml", one.definition) if known else one.definition
            yield {
                "table_catalog": one.catalog, "table_schema": one.schema, "table_name": one.name,
                "view_definition": text, "check_option": "NONE", "is_updatable": "NO", "is_insertable_into": "NO",
                "sql_path": None, "is_materialized": "NO",
            }  # fmt: skip


def _volumes(scope: Scope) -> Rows:
    for one in scope.session.metastore.securables("VOLUME"):
        catalog, schema, name = one.name.split(".")
        if scope.sees("VOLUME", one.name):
            yield {
                "volume_catalog": catalog, "volume_schema": schema, "volume_name": name, "volume_type": "MANAGED",
                "volume_owner": one.owner, "comment": one.comment, "storage_location": one.facts["storage_location"],
                **audit(one.created_at, one.created_by, one.updated_at),
            }  # fmt: skip


VIEWS: Mapping[str, View] = {
    "catalogs": (f"catalog_name catalog_owner comment {AUDIT}", _catalogs),
    "schemata": (f"catalog_name schema_name schema_owner comment {AUDIT}", _schemata),
    "tables": (
        (
            f"{TABLE} table_type is_insertable_into commit_action table_owner comment {AUDIT} data_source_format "
            "storage_path storage_sub_directory"
        ),
        _tables,
    ),
    "columns": (
        (
            f"{TABLE} column_name ordinal_position:INT column_default is_nullable full_data_type data_type "
            "character_maximum_length:BIGINT character_octet_length:BIGINT numeric_precision:INT "
            "numeric_precision_radix:INT numeric_scale:INT datetime_precision:INT interval_type interval_precision:INT "
            "maximum_cardinality:BIGINT is_identity identity_generation identity_start identity_increment "
            "identity_maximum identity_minimum identity_cycle is_generated generation_expression "
            "is_system_time_period_start is_system_time_period_end system_time_period_timestamp_generation "
            "is_updatable partition_ordinal_position:INT comment"
        ),
        _columns,
    ),
    "views": (
        f"{TABLE} view_definition check_option is_updatable is_insertable_into sql_path is_materialized",
        _views,
    ),
    "volumes": (
        f"volume_catalog volume_schema volume_name volume_type volume_owner comment storage_location {AUDIT}",
        _volumes,
    ),
}
