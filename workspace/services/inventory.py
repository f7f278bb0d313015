"""Takes the inventory of what a destroy would delete, from the CLI's answers and the workspace's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from workspace.errors import WorkspaceRequestError
from workspace.losses import DataObject, DeployedResource, Losses, Remains
from workspace.models import DeployPlan, ResolvedBundle
from workspace.services.catalog_objects import objects_of_schema, table_exists, tables_of_pipeline, volume_content
from workspace.services.dependents import find_dependents
from workspace.services.deployed_objects import object_exists
from workspace.services.remote_folder import count_files, deployed_ids
from workspace.services.table_sizes import find_warehouse, measured

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

_PARTS = (".permissions", ".grants")
"""Sub-resources: they go with their resource."""


def take_inventory(
    client: WorkspaceClient,
    bundle: ResolvedBundle,
    deployed: tuple[DeployedResource, ...],
    written: Mapping[str, tuple[str, ...]],
) -> Losses:
    """Return what a destroy would delete, without rows, sizes and dependents (see `with_figures`).

    Args:
        client: client of the workspace.
        bundle: the resolved bundle.
        deployed: what the CLI says is deployed (see `deployed_resources`).
        written: names of the tables that each pipeline's source creates, by resource key.
    """
    resources = tuple(found for one in deployed if (found := _as_found(client, one)) is not None)
    data: dict[tuple[str, str], DataObject] = {}
    not_checked = [f"Whether {one.key} exists: its type cannot be asked for." for one in resources if not one.checked]
    for resource in resources:
        held, unknown = _held_by(client, resource, written.get(resource.key, ()))
        not_checked += unknown
        for one in held:
            data.setdefault((one.kind, one.name.lower()), one)
    return Losses(
        host=str(client.config.host or ""),
        target=bundle.target,
        remote_root=bundle.remote_root,
        files=count_files(client, bundle.remote_root),
        resources=resources,
        data=tuple(sorted(data.values(), key=lambda one: one.name)),
        not_checked=tuple(not_checked),
    )


def with_figures(client: WorkspaceClient, losses: Losses) -> Losses:
    """Return the inventory with rows and sizes as far as a SQL warehouse tells, and with who depends on it."""
    try:
        warehouse, why = find_warehouse(client), ""
    except WorkspaceRequestError as error:
        warehouse, why = None, f"SQL warehouses could not be listed: {error}"
    data = measured(client, warehouse, losses.data)
    dependents, unknown = find_dependents(client, warehouse, losses.resources, data)
    not_checked = (*losses.not_checked, *([why] if why else []), *unknown)
    return losses.model_copy(update={"data": data, "dependents": dependents, "not_checked": not_checked})


def deployed_resources(
    client: WorkspaceClient, bundle: ResolvedBundle, summary: Mapping[str, Any], plan: DeployPlan | None
) -> tuple[DeployedResource, ...]:
    """Return what is deployed, also what the bundle's files no longer have.

    Args:
        client: client of the workspace.
        bundle: the resolved bundle.
        summary: JSON of `bundle summary`.
        plan: what a deploy would do; what it would delete is deployed too. None when it could not be planned.
    """
    found = {one.key: one for one in _summarised(summary)}
    ids = {key: one for key, one in deployed_ids(client, bundle.remote_root).items() if not key.endswith(_PARTS)}
    gone = {change.resource for change in plan.changes if change.action == "delete"} if plan else set()
    for key in sorted({*ids, *gone}):
        if key not in found and not key.endswith(_PARTS):
            kind, _, name = key.partition(".")
            found[key] = DeployedResource(key=key, type=kind, name=name, id=ids.get(key, ""))
    return tuple(found[key] for key in sorted(found))


def find_remains(client: WorkspaceClient, losses: Losses) -> Remains:
    """Return what of an inventory is still there."""
    left, not_checked = [], []
    for one in losses.resources:
        exists = object_exists(client, one.type, one.id)
        if exists:
            left.append(f"{one.key} ({one.id})")
        elif exists is None:
            not_checked.append(f"Whether {one.key} is gone: its type cannot be asked for.")
    pipelines = {one.key for one in losses.resources if one.type == "pipelines"}
    tables = [one.name for one in losses.data if one.lost_with in pipelines and table_exists(client, one.name)]
    return Remains(
        resources=tuple(left),
        files=count_files(client, losses.remote_root),
        tables=tuple(tables),
        not_checked=tuple(not_checked),
    )


def _summarised(summary: Mapping[str, Any]) -> Iterator[DeployedResource]:
    for kind, entries in (summary.get("resources") or {}).items():
        for key, entry in (entries or {}).items():
            if not entry.get("id"):
                continue
            names = (entry.get(field) for field in ("name", "display_name", "title", "table_name"))
            name = next((one for one in names if isinstance(one, str) and one), key)
            url = str(entry.get("url") or "")
            yield DeployedResource(key=f"{kind}.{key}", type=kind, name=name, id=str(entry["id"]), url=url)


def _as_found(client: WorkspaceClient, resource: DeployedResource) -> DeployedResource | None:
    """Return the resource unless it is gone already; one that cannot be looked for counts as there."""
    exists = object_exists(client, resource.type, resource.id)
    if exists is False:
        return None
    return resource if exists else resource.model_copy(update={"checked": False})


def _held_by(
    client: WorkspaceClient, resource: DeployedResource, written: tuple[str, ...]
) -> tuple[list[DataObject], list[str]]:
    """Return the data that is deleted with a resource, and what could not be looked up."""
    if resource.type == "schemas":
        return objects_of_schema(client, resource.id, resource.key)
    if resource.type == "pipelines":
        return tables_of_pipeline(client, resource.id, resource.key, written)
    if resource.type == "volumes":
        return [volume_content(client, resource.id, resource.key)], []
    if resource.type in {"catalogs", "database_instances", "registered_models"}:
        return [], [f"What {resource.key} holds: it is deleted with it, and was not listed."]
    return [], []
