"""information_schema: privileges and tags."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox import privileges
from sandbox.layout import USER_NAME
from sandbox.metastore import Kind
from sandbox.spark.rewrite.information_scope import Rows, Scope, View

_CATALOG = ("catalog_name",)
_SCHEMA = ("catalog_name", "schema_name")
_TABLE = ("table_catalog", "table_schema", "table_name")
_VOLUME = ("volume_catalog", "volume_schema", "volume_name")
_ROUTINE = ("specific_catalog", "specific_schema", "specific_name")


def _privileges(kind: Kind, names: tuple[str, ...]) -> View:
    def rows(scope: Scope) -> Rows:
        for name in _securables(scope, kind):
            for grant in privileges.effective(scope.session.metastore, kind, name):
                yield {
                    "grantor": USER_NAME,
                    "grantee": grant.principal,
                    **dict(zip(names, name.split("."), strict=True)),
                    "privilege_type": grant.privilege.replace("_", " "),
                    "is_grantable": "NO",
                    "inherited_from": "NONE" if grant.name == name.lower() else grant.kind,
                }

    return " ".join(("grantor grantee", *names, "privilege_type is_grantable inherited_from")), rows


def _securables(scope: Scope, kind: Kind) -> list[str]:
    if kind == "SCHEMA":
        return [".".join(both) for both in scope.lakehouse.schemas(scope.catalogs, scope.schemas)]
    if kind in ("CATALOG", "VOLUME"):
        found = [one.name for one in scope.session.metastore.securables(kind)]
        return [name for name in found if scope.sees(kind, name)]
    objects = scope.all_tables() if kind == "TABLE" else scope.all_functions()
    return [one.full_name for one in objects]


def _tags(kind: Kind, names: tuple[str, ...], *, of_columns: bool = False) -> View:
    shown = (*names, "column_name") if of_columns else names

    def rows(scope: Scope) -> Rows:
        for name, column, tag, value in scope.session.metastore.tags(kind):
            if bool(column) == of_columns and scope.sees(kind, name):
                parts = [*name.split("."), *([column] if column else [])]
                yield {**dict(zip(shown, parts, strict=True)), "tag_name": tag, "tag_value": value}

    return " ".join((*shown, "tag_name tag_value")), rows


_TAGGED = ("catalog_name", "schema_name", "table_name")
VIEWS: Mapping[str, View] = {
    "catalog_privileges": _privileges("CATALOG", _CATALOG),
    "schema_privileges": _privileges("SCHEMA", _SCHEMA),
    "table_privileges": _privileges("TABLE", _TABLE),
    "volume_privileges": _privileges("VOLUME", _VOLUME),
    "routine_privileges": _privileges("FUNCTION", _ROUTINE),
    "catalog_tags": _tags("CATALOG", _CATALOG),
    "schema_tags": _tags("SCHEMA", _SCHEMA),
    "table_tags": _tags("TABLE", _TAGGED),
    "volume_tags": _tags("VOLUME", ("catalog_name", "schema_name", "volume_name")),
    "column_tags": _tags("TABLE", _TAGGED, of_columns=True),
}
