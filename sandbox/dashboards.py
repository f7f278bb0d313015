"""Lakeview dashboards: drafts, what is published of them, and their datasets."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from sandbox.clock import timestamp
from sandbox.errors import ApiError
from sandbox.files import WorkspaceFiles
from sandbox.layout import USER_NAME
from sandbox.records import now_ms
from sandbox.shapes import Shape, check, require
from sandbox.statements import StatementService
from sandbox.store import Collection, Record, Store
from sandbox.warehouse import Warehouse

_SHAPE: dict[str, Shape] = {
    "create_time": "any",
    "dashboard_id": "any",
    "display_name": "string",
    "etag": "string",
    "lifecycle_state": "any",
    "parent_path": "string",
    "path": "any",
    "serialized_dashboard": "string",
    "update_time": "any",
    "warehouse_id": "string",
}
_EMPTY = '{"pages":[]}'
_FIRST_ETAG = 80_000_000


class DashboardRecord(Record):
    """One dashboard and its published state."""

    kind: ClassVar[str] = "dashboard"
    dashboard_id: str
    display_name: str
    parent_path: str
    serialized: str
    warehouse_id: str = ""
    etag: int = _FIRST_ETAG
    trashed: bool = False
    create_time: int = Field(default_factory=now_ms)
    update_time: int = Field(default_factory=now_ms)
    published: dict[str, Any] | None = None
    published_content: str | None = None

    @property
    def key(self) -> str:
        """The dashboard id."""
        return self.dashboard_id

    @property
    def active(self) -> bool:
        """Whether it is not in the trash."""
        return not self.trashed

    @property
    def path(self) -> str:
        """Its place in the workspace tree."""
        return f"{self.parent_path}/{self.display_name}.lvdash.json"


class DashboardService:
    """All dashboards."""

    def __init__(self, store: Store, files: WorkspaceFiles, statements: StatementService, warehouse: Warehouse) -> None:
        self._dashboards = Collection(store, DashboardRecord)
        self._files, self._statements, self._warehouse = files, statements, warehouse
        self._lock = threading.Lock()

    def create(self, body: dict[str, Any], datasets: Mapping[str, str | None]) -> DashboardRecord:
        """Make a draft; `datasets` may hold the `catalog` and the `schema` for all datasets."""
        check(body, _SHAPE, "Dashboard")
        require(body, "display_name")
        self._check_warehouse(body)
        parent = body.get("parent_path") or f"/Workspace/Users/{USER_NAME}"
        if "parent_path" in body and not self._files.local(parent).is_dir():
            raise ApiError.missing(f"Path ({parent}) doesn't exist.")
        record = DashboardRecord(
            dashboard_id=uuid.uuid4().hex,
            display_name=body["display_name"],
            parent_path=parent.removeprefix("/Workspace").rstrip("/"),
            serialized=_normal(body.get("serialized_dashboard") or _EMPTY, datasets),
            warehouse_id=body.get("warehouse_id") or "",
        )
        with self._lock:
            self._refuse_double(record)
            self._dashboards.add(record)
        return record

    def create_in_new_folder(self, name: str, folder: str, serialized: str) -> str:
        """Make a draft in a folder that need not exist; returns the id of it, or of the one that is there already."""
        self._files.make_folder(folder)
        place = f"{folder.removeprefix('/Workspace').rstrip('/')}/{name}.lvdash.json"
        known = next((record for record in self.live() if record.path == place), None)
        body = {"display_name": name, "parent_path": folder, "serialized_dashboard": serialized}
        return (known or self.create(body, {})).dashboard_id

    def find(self, dashboard_id: str) -> DashboardRecord:
        """A dashboard, one in the trash too."""
        record = self._dashboards.find(dashboard_id)
        if record is None:
            raise ApiError.missing(f"Unable to find dashboard [dashboardId={dashboard_id}]")
        return record

    def live(self) -> list[DashboardRecord]:
        """The dashboards that are not in the trash, oldest first."""
        return self._dashboards.list(active=True, oldest_first=True)

    def all(self) -> list[DashboardRecord]:
        """Every dashboard, oldest first."""
        return self._dashboards.list(oldest_first=True)

    def update(self, dashboard_id: str, body: dict[str, Any], datasets: Mapping[str, str | None]) -> DashboardRecord:
        """Change a draft, unless it was changed since the etag that is given."""
        check(body, _SHAPE, "Dashboard")
        self._check_warehouse(body)
        with self._lock:
            record = self._draft(dashboard_id, body.get("etag"))
            record.display_name = body.get("display_name") or record.display_name
            record.warehouse_id = body.get("warehouse_id") or record.warehouse_id
            if body.get("serialized_dashboard"):
                record.serialized = _normal(body["serialized_dashboard"], datasets)
            self._refuse_double(record)
            self._changed(record)
            return record

    def publish(self, dashboard_id: str, body: dict[str, Any]) -> DashboardRecord:
        """Publish the draft as it is."""
        check(body, {"embed_credentials": "boolean", "warehouse_id": "string"}, "PublishRequest")
        self._check_warehouse(body)
        with self._lock:
            record = self._draft(dashboard_id)
            record.published_content = record.serialized
            record.published = {
                "display_name": record.display_name,
                "embed_credentials": bool(body.get("embed_credentials")),
                "revision_create_time": timestamp(now_ms()),
                "warehouse_id": body.get("warehouse_id") or record.warehouse_id,
            }
            self._dashboards.save(record)
            return record

    def unpublish(self, dashboard_id: str) -> None:
        """Take back what is published."""
        with self._lock:
            record = self._draft(dashboard_id)
            if record.published is None:
                raise _unpublished(dashboard_id)
            record.published = record.published_content = None
            self._dashboards.save(record)

    def published(self, dashboard_id: str) -> dict[str, Any]:
        """What is published of a dashboard."""
        record = self.find(dashboard_id)
        if record.published is None:
            raise _unpublished(dashboard_id)
        return record.published

    def revert(self, dashboard_id: str, etag: str | None) -> DashboardRecord:
        """Make the draft what is published."""
        with self._lock:
            record = self._draft(dashboard_id, etag)
            if record.published is None or record.published_content is None:
                raise _unpublished(dashboard_id)
            record.serialized = record.published_content
            self._changed(record)
            return record

    def trash(self, dashboard_id: str) -> None:
        """Move a dashboard to the trash; nothing of it stays published."""
        with self._lock:
            record = self._draft(dashboard_id)
            record.trashed, record.published, record.published_content = True, None, None
            self._dashboards.save(record)

    def check_datasets(self, dashboard_id: str) -> list[dict[str, Any]]:
        """Run the query of each dataset for one row; says by name how it ended."""
        content = json.loads(self.find(dashboard_id).serialized)
        return [self._run(dataset) for dataset in content.get("datasets") or ()]

    def _run(self, dataset: Mapping[str, Any]) -> dict[str, Any]:
        query = "".join(dataset.get("queryLines") or ()) or dataset.get("query") or ""
        result = self._statements.run(
            query,
            catalog=dataset.get("catalog"),
            schema=dataset.get("schema"),
            row_limit=1,
            parameters=_values(dataset),
        )
        return {"name": dataset.get("name"), "state": result.state, "message": result.error_message or ""}

    def _draft(self, dashboard_id: str, etag: str | None = None) -> DashboardRecord:
        record = self.find(dashboard_id)
        if record.trashed:
            raise ApiError.missing(f"Unable to find dashboard [dashboardId={dashboard_id}]")
        if etag and etag != str(record.etag):
            raise ApiError.conflict(
                f"The dashboard was modified since it was read: its etag is {record.etag}, not {etag}."
            )
        return record

    def _changed(self, record: DashboardRecord) -> None:
        record.etag, record.update_time = record.etag + 1, now_ms()
        self._dashboards.save(record)

    def _check_warehouse(self, body: Mapping[str, Any]) -> None:
        if body.get("warehouse_id"):
            self._warehouse.require(body["warehouse_id"])

    def _refuse_double(self, record: DashboardRecord) -> None:
        others = [other for other in self.live() if other.dashboard_id != record.dashboard_id]
        if any(other.path == record.path for other in others):
            raise ApiError.exists(f"Node named '{record.display_name}.lvdash.json' already exists.")


def shown(record: DashboardRecord, *, content: bool = True) -> dict[str, Any]:
    """A dashboard as the API returns it."""
    return {
        "dashboard_id": record.dashboard_id,
        "display_name": record.display_name,
        "parent_path": record.parent_path,
        "path": record.path,
        "create_time": timestamp(record.create_time),
        "update_time": timestamp(record.update_time),
        "etag": str(record.etag),
        "lifecycle_state": "TRASHED" if record.trashed else "ACTIVE",
        **({"warehouse_id": record.warehouse_id} if record.warehouse_id else {}),
        **({"serialized_dashboard": record.serialized} if content else {}),
    }


def _unpublished(dashboard_id: str) -> ApiError:
    return ApiError.missing(f"Unable to find published dashboard [{dashboard_id}]")


def _values(dataset: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """Default values of a dataset's parameters."""
    found = []
    for parameter in dataset.get("parameters") or ():
        values = ((parameter.get("defaultSelection") or {}).get("values") or {}).get("values") or [{}]
        found.append({"name": parameter["keyword"], "value": values[0].get("value"), "type": "STRING"})
    return tuple(found)


def _normal(serialized: str, datasets: Mapping[str, str | None]) -> str:
    """The content as Databricks stores it: with the type of each page, and the catalog and schema of the request."""
    try:
        content = json.loads(serialized)
    except ValueError as error:
        raise ApiError.invalid(f"serialized_dashboard is no valid JSON: {error}") from error
    if not isinstance(content, dict):
        raise ApiError.invalid(f"serialized_dashboard must be a JSON object, not {type(content).__name__}.")
    for name in ("datasets", "pages"):
        if not isinstance(content.get(name, []), list):
            raise ApiError.invalid(f"serialized_dashboard: {name} must be an array.")
    for page in content.get("pages") or ():
        page.setdefault("pageType", "PAGE_TYPE_CANVAS")
    for dataset in content.get("datasets") or ():
        dataset |= {name: value for name, value in datasets.items() if value}
    return json.dumps(content) + "\n"
