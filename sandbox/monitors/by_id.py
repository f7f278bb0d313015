"""The API that goes by the ids of Unity Catalog: monitors of tables, and anomaly detection on schemas."""

from __future__ import annotations

from typing import Any

from sandbox.catalog import CATALOG, Catalog
from sandbox.errors import ApiError
from sandbox.monitors.records import AnomalyRecord
from sandbox.monitors.service import MonitorService
from sandbox.monitors.views import SHAPE, anomaly_by_id, by_id, to_names
from sandbox.object_ids import is_id, name_of
from sandbox.shapes import check, mask_paths, masked, require
from sandbox.statements import StatementService
from sandbox.store import Collection, Store

MESSAGE = "Monitor"


class MonitorsById:
    """Finds names behind ids and hands the work on."""

    def __init__(self, store: Store, monitors: MonitorService, statements: StatementService) -> None:
        self.monitors, self._catalog = monitors, Catalog(statements)
        self._anomalies = Collection(store, AnomalyRecord)

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        """Make a monitor of a table, or detect anomalies on a schema."""
        check(body, SHAPE, MESSAGE)
        require(body, "object_type", "object_id")
        if body["object_type"] == "schema":
            return self._create_anomaly_detection(body)
        config = body.get("data_profiling_config")
        if config is None:
            raise ApiError.invalid("Field 'data_profiling_config' is required for the object type table.")
        require(config, "output_schema_id")
        table = self.name("table", body["object_id"])
        return by_id(self.monitors.create(table, to_names(config, self._schema)))

    def get(self, object_type: str, object_id: str) -> dict[str, Any]:
        """One monitor."""
        name = self.name(object_type, object_id)
        return by_id(self.monitors.find(name)) if object_type == "table" else anomaly_by_id(self._anomaly(name))

    def all(self) -> list[dict[str, Any]]:
        """All monitors."""
        found = [by_id(record) for record in self.monitors.all()]
        return found + [anomaly_by_id(record) for record in self._anomalies.list(oldest_first=True)]

    def update(self, object_type: str, object_id: str, body: dict[str, Any], mask: str | None) -> dict[str, Any]:
        """Change what the mask names."""
        paths = mask_paths(mask, SHAPE, MESSAGE)
        check(body, SHAPE, MESSAGE)
        known = self.get(object_type, object_id)
        changed = masked(known, body, paths) | {"object_type": object_type, "object_id": object_id}
        name = self.name(object_type, object_id)
        if object_type == "schema":
            record = self._anomaly(name)
            record.config = changed.get("anomaly_detection_config") or {}
            self._anomalies.save(record)
            return anomaly_by_id(record)
        config = to_names(changed.get("data_profiling_config") or {}, self._schema)
        return by_id(self.monitors.update(name, config))

    def delete(self, object_type: str, object_id: str) -> None:
        """Delete a monitor."""
        name = self.name(object_type, object_id)
        if object_type == "table":
            self.monitors.delete(name)
        else:
            self._anomalies.remove(self._anomaly(name).key)

    def table(self, object_type: str, object_id: str) -> str:
        """Name of the table whose refreshes are asked for."""
        if object_type != "table":
            raise ApiError.invalid(f"Refreshes are not supported for the object type {object_type}, only for table.")
        return self.name(object_type, object_id)

    def name(self, object_type: str, object_id: str) -> str:
        """Full name of a table or a schema.

        Raises:
            ApiError: The type is another, the id is no UUID, or nothing has it.
        """
        if object_type not in {"table", "schema"}:
            raise ApiError.invalid(f"Invalid object_type '{object_type}': use table or schema.")
        if not is_id(object_id):
            raise ApiError.invalid(f"Invalid object_id '{object_id}': it must be the UUID of the {object_type}.")
        found = name_of(object_id, self._names)
        if found is None or found.count(".") != (2 if object_type == "table" else 1):
            raise ApiError.missing(f"{object_type.capitalize()} with ID '{object_id}' does not exist.")
        return found

    def _schema(self, schema_id: str) -> str:
        return self.name("schema", schema_id)

    def _names(self) -> list[str]:
        schemas = [schema["name"] for schema in self._catalog.schemas(CATALOG)]
        tables = [table["full_name"] for schema in schemas for table in self._catalog.tables(CATALOG, schema)]
        return [*(f"{CATALOG}.{schema}" for schema in schemas), *tables]

    def _create_anomaly_detection(self, body: dict[str, Any]) -> dict[str, Any]:
        name = self.name("schema", body["object_id"])
        if self._anomalies.find(name) is not None:
            raise ApiError.exists(f"Data quality monitor of schema '{name}' already exists")
        record = AnomalyRecord(schema_name=name, config=body.get("anomaly_detection_config") or {})
        self._anomalies.add(record)
        return anomaly_by_id(record)

    def _anomaly(self, name: str) -> AnomalyRecord:
        record = self._anomalies.find(name)
        if record is None:
            raise ApiError.missing(f"Data quality monitor of schema '{name}' does not exist.")
        return record
