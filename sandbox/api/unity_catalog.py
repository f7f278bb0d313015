"""Catalogs, schemas and tables."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from sandbox.api.context import Json, Sandbox
from sandbox.catalog import CATALOG, Catalog
from sandbox.errors import ApiError

router = APIRouter(prefix="/api/2.1/unity-catalog")


def _catalog(sandbox: Sandbox) -> Catalog:
    return Catalog(sandbox.statements)


Objects = Annotated[Catalog, Depends(_catalog)]


@router.get("/catalogs")
def list_catalogs(objects: Objects) -> dict[str, Any]:
    """All catalogs."""
    return {"catalogs": [objects.catalog(CATALOG)]}


@router.get("/catalogs/{name}")
def get_catalog(objects: Objects, name: str) -> dict[str, Any]:
    """One catalog."""
    return objects.catalog(name)


@router.get("/schemas")
def list_schemas(objects: Objects, catalog_name: str) -> dict[str, Any]:
    """Schemas of a catalog."""
    return {"schemas": objects.schemas(catalog_name)}


@router.post("/schemas")
def create_schema(objects: Objects, body: Json) -> dict[str, Any]:
    """Create a schema."""
    for field in ("name", "catalog_name"):
        if not body.get(field):
            raise ApiError.invalid(f"Missing required field: {field}")
    return objects.create_schema(body["catalog_name"], body["name"], body.get("comment"))


@router.get("/schemas/{full_name}")
def get_schema(objects: Objects, full_name: str) -> dict[str, Any]:
    """One schema."""
    return objects.schema(full_name)


@router.patch("/schemas/{full_name}")
def update_schema(objects: Objects, full_name: str, body: Json) -> dict[str, Any]:
    """Change a schema: its comment is all that can change here."""
    if "comment" in body:
        return objects.comment_schema(full_name, str(body["comment"] or ""))
    return objects.schema(full_name)


@router.delete("/schemas/{full_name}")
def delete_schema(
    objects: Objects,
    full_name: str,
    force: bool = False,  # noqa: FBT001, FBT002  a query parameter
) -> dict[str, Any]:
    """Drop a schema."""
    objects.delete_schema(full_name, force=force)
    return {}


@router.get("/tables")
def list_tables(objects: Objects, catalog_name: str, schema_name: str) -> dict[str, Any]:
    """Tables and views of a schema."""
    return {"tables": objects.tables(catalog_name, schema_name)}


@router.get("/tables/{full_name}/exists")
def table_exists(objects: Objects, full_name: str) -> dict[str, Any]:
    """Whether a table or view is there."""
    try:
        objects.table(full_name)
    except ApiError as error:
        if error.status != 404:
            raise
        return {"table_exists": False}
    return {"table_exists": True}


@router.get("/tables/{full_name}")
def get_table(objects: Objects, full_name: str) -> dict[str, Any]:
    """One table or view."""
    return objects.table(full_name)


@router.delete("/tables/{full_name}")
def delete_table(objects: Objects, full_name: str) -> dict[str, Any]:
    """Drop a table or a view."""
    objects.delete_table(full_name)
    return {}
