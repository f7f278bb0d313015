"""Whether a deployed resource still exists, asked by its id for every type that can be asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from workspace.errors import WorkspaceRequestError
from workspace.services.rest import get_json

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

_CATALOG = "/api/2.1/unity-catalog"
_TRASHED = {"TRASHED", "DELETED", "DELETING"}
_STATE_FIELDS = ("lifecycle_state", "lifecycle_stage", "state")


@dataclass(frozen=True)
class _Place:
    """Where a type is read: the id goes into the path, or into a query parameter when one is named."""

    path: str
    parameter: str = ""
    inside: str = ""
    """Member of the answer that holds the object."""


_PLACES: Mapping[str, _Place] = {
    "jobs": _Place("/api/2.2/jobs/get", "job_id"),
    "pipelines": _Place("/api/2.0/pipelines/{}"),
    "schemas": _Place(f"{_CATALOG}/schemas/{{}}"),
    "volumes": _Place(f"{_CATALOG}/volumes/{{}}"),
    "catalogs": _Place(f"{_CATALOG}/catalogs/{{}}"),
    "registered_models": _Place(f"{_CATALOG}/models/{{}}"),
    "external_locations": _Place(f"{_CATALOG}/external-locations/{{}}"),
    "quality_monitors": _Place(f"{_CATALOG}/tables/{{}}/monitor"),
    "dashboards": _Place("/api/2.0/lakeview/dashboards/{}"),
    "genie_spaces": _Place("/api/2.0/genie/spaces/{}"),
    "alerts": _Place("/api/2.0/alerts/{}"),
    "apps": _Place("/api/2.0/apps/{}"),
    "model_serving_endpoints": _Place("/api/2.0/serving-endpoints/{}"),
    "sql_warehouses": _Place("/api/2.0/sql/warehouses/{}"),
    "clusters": _Place("/api/2.1/clusters/get", "cluster_id"),
    "experiments": _Place("/api/2.0/mlflow/experiments/get", "experiment_id", inside="experiment"),
    "vector_search_endpoints": _Place("/api/2.0/vector-search/endpoints/{}"),
    "vector_search_indexes": _Place("/api/2.0/vector-search/indexes/{}"),
    "database_instances": _Place("/api/2.0/database/instances/{}"),
}


def object_exists(client: WorkspaceClient, kind: str, identity: str) -> bool | None:
    """Tell whether a resource exists outside the trash; None when its type cannot be asked for, or has no id.

    Raises:
        WorkspaceRequestError: the question was refused; a missing permission is not taken for a missing resource.
    """
    place = _PLACES.get(kind)
    if place is None or not identity:
        return None
    query = {place.parameter: identity} if place.parameter else {}
    try:
        answer = get_json(client, place.path.format(quote(identity, safe="")), query, f"looking for {kind} {identity}")
    except WorkspaceRequestError as error:
        if is_missing(error):
            return False
        raise
    found = answer.get(place.inside) or {} if place.inside else answer
    return not any(_word(found.get(field)) in _TRASHED for field in _STATE_FIELDS)


def is_missing(error: WorkspaceRequestError) -> bool:
    """Tell whether an error says that there is no such object; the Jobs API says so with status 400."""
    return error.status == 404 or (error.status == 400 and "does not exist" in str(error))


def _word(value: Any) -> str:
    return value.upper() if isinstance(value, str) else ""
