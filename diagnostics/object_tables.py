"""The tables that resources use which run no program: monitors, alerts, dashboards, Genie spaces and the like."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from diagnostics.bundle_paths import local_path
from diagnostics.models import BundleSnapshot
from diagnostics.parameters import Parameters
from diagnostics.sql_tables import sql_tables
from diagnostics.table_use import ANY, PLACEHOLDER, TableUse, sorted_names
from workspace.models import Resource

Json = Mapping[str, Any]


def object_tables(resource: Resource, snapshot: BundleSnapshot) -> TableUse:
    """Return the tables that a resource itself names in its configuration or in its file."""
    reader = _READERS.get(resource.type)
    if reader is None:
        return TableUse()
    parameters = Parameters(snapshot.resolved)
    config = _plain(resource.config, parameters)
    document = _document(resource, snapshot, parameters)
    return reader({**config, **document} if resource.type == "alerts" else config, document)


def _plain(value: Any, parameters: Parameters) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(child, parameters) for key, child in value.items()}
    if isinstance(value, list):
        return [_plain(child, parameters) for child in value]
    return parameters.text(value) if isinstance(value, str) else value


def _document(resource: Resource, snapshot: BundleSnapshot, parameters: Parameters) -> dict[str, Any]:
    """Return what the resource's file holds, or the JSON text that the CLI has read from it."""
    text = next(
        (
            resource.config[field]
            for field in ("serialized_dashboard", "serialized_space")
            if resource.config.get(field)
        ),
        None,
    )
    path = resource.config.get("file_path")
    if text is None and isinstance(path, str):
        local = local_path(path, resource, snapshot)
        text = snapshot.files[local] if local else None
    if isinstance(text, str):
        try:
            text = json.loads(parameters.text(text))
        except (ValueError, RecursionError):
            return {}
    return dict(text) if isinstance(text, Mapping) else {}


def _monitor(config: Json, document: Json) -> TableUse:
    table, schema = _name(config.get("table_name")), _name(config.get("output_schema_name"))
    made = (
        tuple(f"{schema}.{table.rpartition('.')[2]}_{kind}_metrics" for kind in ("drift", "profile"))
        if schema and table
        else ()
    )
    del document
    return TableUse(reads=(table,) if table else (), writes=made, creates=made)


def _alert(config: Json, document: Json) -> TableUse:
    lines = document.get("query_lines")
    text = config.get("query_text") or ("\n".join(map(str, lines)) if isinstance(lines, list) else "")
    return TableUse(reads=sql_tables(str(text)).reads)


def _dashboard(config: Json, document: Json) -> TableUse:
    namespace = tuple(str(config[field]) for field in ("dataset_catalog", "dataset_schema") if config.get(field))
    total = TableUse()
    for dataset in document.get("datasets") or ():
        lines = dataset.get("queryLines") if isinstance(dataset, Mapping) else None
        query = "".join(map(str, lines)) if isinstance(lines, list) else str((dataset or {}).get("query") or "")
        total = total.joined(TableUse(reads=sql_tables(query).reads))
        asset = _name(dataset.get("asset_name")) if isinstance(dataset, Mapping) else ""
        total = total.joined(TableUse(reads=(asset,))) if asset else total
    return total.completed(namespace if len(namespace) > 1 else ())


def _space(config: Json, document: Json) -> TableUse:
    del config
    reads = {_name(one.get("identifier")) for one in _identified(document)}
    return TableUse(reads=sorted_names(reads - {""}))


def _identified(node: Any) -> Iterator[Json]:
    """Yield everything with an identifier: tables, metric views, functions."""
    if isinstance(node, Mapping):
        if isinstance(node.get("identifier"), str):
            yield node
        for child in node.values():
            yield from _identified(child)
    elif isinstance(node, list):
        for child in node:
            yield from _identified(child)


def _index(config: Json, document: Json) -> TableUse:
    del document
    source = _name((config.get("delta_sync_index_spec") or {}).get("source_table"))
    return TableUse(reads=(source,) if source else ())


def _synced(config: Json, document: Json) -> TableUse:
    del document
    source = _name((config.get("spec") or config).get("source_table_full_name"))
    return TableUse(reads=(source,) if source else ())


def _schema(config: Json, document: Json) -> TableUse:
    del document
    parts = [_name(config.get(field)) for field in ("catalog_name", "name")]
    return TableUse(schemas=(".".join(parts),)) if all(parts) else TableUse()


def _name(value: Any) -> str:
    return str(value).replace("`", "").replace(PLACEHOLDER, ANY).lower() if value else ""


_READERS: Mapping[str, Callable[[Json, Json], TableUse]] = {
    "quality_monitors": _monitor,
    "alerts": _alert,
    "dashboards": _dashboard,
    "genie_spaces": _space,
    "schemas": _schema,
    "synced_database_tables": _synced,
    "postgres_synced_tables": _synced,
    "vector_search_indexes": _index,
}
