"""Which tables, views, functions and volumes a schema, a pipeline or a volume holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from workspace.errors import WorkspaceRequestError
from workspace.losses import DataObject
from workspace.services.deployed_objects import is_missing
from workspace.services.rest import get_json, get_pages

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

Json = Mapping[str, Any]
_BASE = "/api/2.1/unity-catalog"
_KINDS = {
    "VIEW": "view",
    "METRIC_VIEW": "view",
    "STREAMING_TABLE": "streaming table",
    "MATERIALIZED_VIEW": "materialized view",
}
MAX_LISTED = 1000
"""Entries of a volume that are counted."""


def objects_of_schema(client: WorkspaceClient, schema: str, lost_with: str) -> tuple[list[DataObject], list[str]]:
    """Return what a schema holds, and what of that could not be listed."""
    found: list[DataObject] = []
    not_checked: list[str] = []
    for what in ("tables", "functions", "volumes"):
        try:
            found += [_object(entry, what, lost_with) for entry in _entries(client, what, schema)]
        except WorkspaceRequestError as error:
            if error.transient:
                raise
            not_checked.append(f"The {what} in schema {schema} could not be listed: {error}")
    return found, not_checked


def tables_of_pipeline(
    client: WorkspaceClient, pipeline_id: str, lost_with: str, written: Iterable[str]
) -> tuple[list[DataObject], list[str]]:
    """Return the tables that are deleted with a pipeline, and what could not be looked up.

    These are the tables that the catalog gives to this pipeline, and those that the pipeline's source creates.

    Args:
        client: client of the workspace.
        pipeline_id: the pipeline.
        lost_with: its resource key.
        written: names of the tables that its source creates, as far as it tells.
    """
    try:
        pipeline = get_json(client, f"/api/2.0/pipelines/{pipeline_id}", {}, f"reading {lost_with}")
        spec = pipeline.get("spec") or {}
        catalog, schema = spec.get("catalog"), spec.get("schema") or spec.get("target")
        listed = list(_entries(client, "tables", f"{catalog}.{schema}")) if catalog and schema else []
        found = {one.name.lower(): one for one in _tables_of(listed, pipeline_id, lost_with)}
        for name in written:
            if name.count(".") == 2 and "*" not in name and name.lower() not in found:
                found |= {one.name.lower(): one for one in _one_table(client, name, lost_with)}
    except WorkspaceRequestError as error:
        if error.transient:
            raise
        return [], [f"The tables of {lost_with} could not be listed: {error}"]
    return list(found.values()), []


def volume_content(client: WorkspaceClient, volume: str, lost_with: str) -> DataObject:
    """Return a volume with the number and size of its files, counted up to 1,000 entries."""
    info = get_json(client, f"{_BASE}/volumes/{quote(volume, safe='')}", {}, f"reading the volume {volume}")
    external = str(info.get("volume_type") or "") == "EXTERNAL"
    start = DataObject(name=volume, kind="external volume" if external else "volume", lost_with=lost_with)
    if external:
        return start.model_copy(update={"unknown": "its files stay where they are"})
    try:
        files, size, whole = _count_files(client, f"/Volumes/{volume.replace('.', '/')}")
    except WorkspaceRequestError as error:
        if error.transient:
            raise
        return start.model_copy(update={"unknown": f"its files could not be listed: {error}"})
    unknown = "" if whole else f"only the first {MAX_LISTED} entries were counted"
    return start.model_copy(update={"files": files, "size_bytes": size, "unknown": unknown})


def table_exists(client: WorkspaceClient, full_name: str) -> bool:
    """Tell whether the catalog still lists a table."""
    return bool(_one_table(client, full_name, ""))


def _entries(client: WorkspaceClient, what: str, schema: str) -> Iterator[Json]:
    catalog, _, name = schema.partition(".")
    query = {"catalog_name": catalog, "schema_name": name, "omit_columns": "true"}
    for page in get_pages(client, f"{_BASE}/{what}", query, f"listing the {what} of {schema}"):
        yield from page.get(what) or []


def _tables_of(listed: Iterable[Json], pipeline_id: str, lost_with: str) -> Iterator[DataObject]:
    return (_object(one, "tables", lost_with) for one in listed if one.get("pipeline_id") == pipeline_id)


def _one_table(client: WorkspaceClient, full_name: str, lost_with: str) -> list[DataObject]:
    try:
        table = get_json(client, f"{_BASE}/tables/{quote(full_name, safe='')}", {}, f"reading the table {full_name}")
    except WorkspaceRequestError as error:
        if is_missing(error):
            return []
        raise
    return [_object({"full_name": full_name, **table}, "tables", lost_with)]


def _object(entry: Json, what: str, lost_with: str) -> DataObject:
    parts = (entry.get("catalog_name"), entry.get("schema_name"), entry.get("name"))
    name = str(entry.get("full_name") or ".".join(str(part) for part in parts))
    if what == "tables":
        kind = _KINDS.get(str(entry.get("table_type") or ""), "table")
    elif what == "volumes":
        kind = "external volume" if entry.get("volume_type") == "EXTERNAL" else "volume"
    else:
        kind = "function"
    return DataObject(name=name, kind=kind, lost_with=lost_with)


def _count_files(client: WorkspaceClient, folder: str) -> tuple[int, int, bool]:
    """Return number and size of the files below a folder, and whether all were seen."""
    files, size, seen, folders = 0, 0, 0, [folder]
    while folders:
        place = folders.pop()
        for page in get_pages(client, f"/api/2.0/fs/directories{quote(place)}", {}, f"listing {place}"):
            for entry in page.get("contents") or []:
                seen += 1
                if seen > MAX_LISTED:
                    return files, size, False
                if entry.get("is_directory"):
                    folders.append(str(entry.get("path")))
                else:
                    files, size = files + 1, size + int(entry.get("file_size") or 0)
    return files, size, True
