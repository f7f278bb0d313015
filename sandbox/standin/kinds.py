"""The resource types that can be deployed: their requests, and what a change of a field means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from sandbox.standin.http import ApiError, Client

Config = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One resource type."""

    title: str
    page: Callable[[str], str]
    create: Callable[[Client, Config], str]
    """Make it; returns the id."""
    read: Callable[[Client, str], Config]
    """Read it, in the form that the configuration has."""
    update: Callable[[Client, str, Config], str]
    """Change it; returns the id, which a new name may change."""
    delete: Callable[[Client, str], None]
    deletion: str = ""
    """What goes with it when it is deleted; such a type needs approval."""
    recreation: str = ""

    def read_if_there(self, client: Client, remote_id: str) -> Config | None:
        """Read it; None if it is gone."""
        try:
            return self.read(client, remote_id)
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND or error.code == "RESOURCE_DOES_NOT_EXIST" or _gone(error):
                return None
            raise


def _gone(error: ApiError) -> bool:
    # The Jobs API says 400 for a job that does not exist.
    return error.status == HTTPStatus.BAD_REQUEST and "does not exist" in error.message


_SHOWN_OF_JOBS = ("created_time", "creator_user_name", "job_id", "run_as_user_name", "trigger_state")


def _create_job(client: Client, config: Config) -> str:
    return str(client.post("/api/2.2/jobs/create", config)["job_id"])


def _read_job(client: Client, remote_id: str) -> Config:
    answer = client.get("/api/2.2/jobs/get", {"job_id": remote_id})
    own = {name: answer[name] for name in _SHOWN_OF_JOBS if name in answer}
    return {**(answer.get("settings") or {}), **own}


def _update_job(client: Client, remote_id: str, config: Config) -> str:
    client.post("/api/2.2/jobs/reset", {"job_id": int(remote_id), "new_settings": config})
    return remote_id


def _delete_job(client: Client, remote_id: str) -> None:
    client.post("/api/2.2/jobs/delete", {"job_id": int(remote_id)})


def _create_pipeline(client: Client, config: Config) -> str:
    return str(client.post("/api/2.0/pipelines", config)["pipeline_id"])


def _read_pipeline(client: Client, remote_id: str) -> Config:
    answer = client.get(f"/api/2.0/pipelines/{remote_id}")
    return {**(answer.pop("spec", None) or {}), **answer}


def _update_pipeline(client: Client, remote_id: str, config: Config) -> str:
    client.put(f"/api/2.0/pipelines/{remote_id}", {"id": remote_id, **config})
    return remote_id


def _catalog_object(path: str, only_at_creation: frozenset[str]) -> dict[str, Any]:
    """Schemas and volumes are named by their place in the catalog and changed by PATCH."""
    base = f"/api/2.1/unity-catalog/{path}"

    def create(client: Client, config: Config) -> str:
        answer = client.post(base, config)
        parts = [config.get("catalog_name"), config.get("schema_name"), config.get("name")]
        return str(answer.get("full_name") or ".".join(str(part) for part in parts if part))

    def read(client: Client, remote_id: str) -> Config:
        return client.get(f"{base}/{quote(remote_id)}")

    def update(client: Client, remote_id: str, config: Config) -> str:
        changes = {key: value for key, value in config.items() if key not in only_at_creation}
        name = changes.pop("name", None)
        parent, _, old_name = remote_id.rpartition(".")
        if name and name != old_name:
            changes["new_name"] = name
        client.patch(f"{base}/{quote(remote_id)}", changes)
        return f"{parent}.{name or old_name}"

    def delete(client: Client, remote_id: str) -> None:
        client.delete(f"{base}/{quote(remote_id)}", {"force": "true"} if path == "schemas" else None)

    return {"create": create, "read": read, "update": update, "delete": delete}


_SCHEMA_FIXED = frozenset({"catalog_name", "storage_root"})
_VOLUME_FIXED = frozenset({"catalog_name", "schema_name", "storage_location", "volume_type"})
_OF_PIPELINES = (
    "of the following Lakeflow Spark Declarative Pipelines along with the\n"
    "Streaming Tables (STs) and Materialized Views (MVs) managed by them"
)
_OF_SCHEMAS = "of the following UC schemas. Any underlying data may be lost:"
_OF_VOLUMES = (
    "of the following volumes.\n"
    "For managed volumes, the files stored in the volume are also deleted from your\n"
    "cloud tenant within 30 days. For external volumes, the metadata about the volume\n"
    "is removed from the catalog, but the underlying files are not deleted:"
)

KINDS: dict[str, Kind] = {
    "jobs": Kind(
        title="Jobs",
        page=lambda remote_id: f"jobs/{remote_id}",
        create=_create_job,
        read=_read_job,
        update=_update_job,
        delete=_delete_job,
    ),
    "pipelines": Kind(
        title="Pipelines",
        page=lambda remote_id: f"pipelines/{remote_id}",
        create=_create_pipeline,
        read=_read_pipeline,
        update=_update_pipeline,
        delete=lambda client, remote_id: client.delete(f"/api/2.0/pipelines/{remote_id}"),
        deletion=f"{_OF_PIPELINES}:",
        recreation=f"{_OF_PIPELINES}. Recreating the pipelines will\n"
        "restore the defined STs and MVs through full refresh. Note that recreation is necessary when pipeline\n"
        "properties such as the 'catalog' or 'storage' are changed:",
    ),
    "schemas": Kind(
        title="Schemas",
        page=lambda remote_id: "explore/data/" + remote_id.replace(".", "/"),
        **_catalog_object("schemas", _SCHEMA_FIXED),
        deletion=_OF_SCHEMAS,
        recreation=_OF_SCHEMAS,
    ),
    "volumes": Kind(
        title="Volumes",
        page=lambda remote_id: "explore/data/volumes/" + remote_id.replace(".", "/"),
        **_catalog_object("volumes", _VOLUME_FIXED),
        deletion=_OF_VOLUMES,
        recreation=_OF_VOLUMES,
    ),
}
