"""Alerts V2: kept, checked and evaluated by running their queries."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

from pydantic import Field

from sandbox.alert_evaluation import AGGREGATIONS, OPERATORS, STATES, EvaluationError, evaluate
from sandbox.clock import timestamp
from sandbox.errors import ApiError
from sandbox.files import WorkspaceFiles
from sandbox.layout import USER_NAME
from sandbox.quartz import parse_cron, time_zone
from sandbox.records import now_ms
from sandbox.shapes import Shape, check, mask_paths, masked, require, value_at
from sandbox.statements import StatementService
from sandbox.store import Collection, Record, Store
from sandbox.ticker import Schedule
from sandbox.warehouse import Warehouse

MESSAGE = "AlertV2"
_COLUMN = {"name": "string", "aggregation": AGGREGATIONS, "display": "string"}
_RUN_AS = {"user_name": "string", "service_principal_name": "string"}
_WRITABLE: dict[str, Shape] = {
    "custom_description": "string",
    "custom_summary": "string",
    "custom_template_format": ("HTML", "MARKDOWN"),
    "display_name": "string",
    "evaluation": {
        "source": _COLUMN,
        "comparison_operator": OPERATORS,
        "threshold": {
            "column": _COLUMN,
            "value": {"double_value": "number", "string_value": "string", "bool_value": "boolean"},
        },
        "empty_result_state": STATES,
        "notification": {
            "notify_on_ok": "boolean",
            "retrigger_seconds": "integer",
            "subscriptions": [{"user_email": "string", "destination_id": "string"}],
        },
        "last_evaluated_at": "string",
        "state": STATES,
    },
    "parameters": [{"name": "string", "value": "string", "type": "string"}],
    "parent_path": "string",
    "query_text": "string",
    "run_as": _RUN_AS,
    "run_as_user_name": "string",
    "schedule": {
        "quartz_cron_schedule": "string",
        "timezone_id": "string",
        "pause_status": ("PAUSED", "UNPAUSED"),
    },
    "warehouse_id": "string",
}
_SHOWN_ONLY = ("create_time", "effective_run_as", "id", "lifecycle_state", "owner_user_name", "update_time")
SHAPE: dict[str, Shape] = _WRITABLE | dict.fromkeys(_SHOWN_ONLY, "any")
"""Fields that only the service sets are taken and not looked at: clients send back what they have read."""
_REQUIRED = (
    "display_name",
    "query_text",
    "warehouse_id",
    "evaluation.source.name",
    "evaluation.comparison_operator",
    "schedule.quartz_cron_schedule",
    "schedule.timezone_id",
)


class AlertRecord(Record):
    """One alert and how its last evaluation ended."""

    kind: ClassVar[str] = "alert"
    alert_id: str
    body: dict[str, Any]
    create_time: int = Field(default_factory=now_ms)
    update_time: int = Field(default_factory=now_ms)
    trashed: bool = False
    state: str = "UNKNOWN"
    last_evaluated_at: int = 0
    message: str = ""
    """Why the last evaluation ended as it did, if it ended in ERROR."""

    @property
    def key(self) -> str:
        """The alert id."""
        return self.alert_id

    @property
    def active(self) -> bool:
        """Whether it is not in the trash."""
        return not self.trashed

    @property
    def place(self) -> tuple[str, str]:
        """Folder and name, which no two alerts may share."""
        return str(self.body["parent_path"]), str(self.body["display_name"])


class AlertService:
    """All alerts."""

    def __init__(self, store: Store, files: WorkspaceFiles, statements: StatementService, warehouse: Warehouse) -> None:
        self._alerts = Collection(store, AlertRecord)
        self._files, self._statements, self._warehouse = files, statements, warehouse
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="alert")

    def create(self, body: dict[str, Any]) -> AlertRecord:
        """Make an alert."""
        record = AlertRecord(alert_id=str(uuid.uuid4()), body=self._checked(body))
        with self._lock:
            self._refuse_double(record)
            self._alerts.add(record)
        return record

    def find(self, alert_id: str) -> AlertRecord:
        """An alert, one in the trash too."""
        record = self._alerts.find(alert_id)
        if record is None:
            raise ApiError.missing(f"Alert with ID '{alert_id}' does not exist.")
        return record

    def live(self) -> list[AlertRecord]:
        """The alerts that are not in the trash, oldest first."""
        return self._alerts.list(active=True, oldest_first=True)

    def update(self, alert_id: str, body: dict[str, Any], update_mask: str | None) -> AlertRecord:
        """Change what the mask names."""
        paths = mask_paths(update_mask, SHAPE, MESSAGE)
        check(body, SHAPE, MESSAGE)
        with self._lock:
            record = self._live(alert_id)
            parent = record.body["parent_path"]
            changed = self._checked(masked(record.body, body, paths) | {"parent_path": parent})
            if update_mask != "*" and "parent_path" in paths and body.get("parent_path") != parent:
                raise ApiError.invalid("Invalid update_mask: field 'parent_path' of AlertV2 cannot be updated.")
            record.body, record.update_time = changed, now_ms()
            self._refuse_double(record)
            self._alerts.save(record)
            return record

    def trash(self, alert_id: str, *, purge: bool) -> None:
        """Move an alert to the trash, where it keeps its name, or delete it for good."""
        with self._lock:
            record = self.find(alert_id)
            if purge:
                self._alerts.remove(alert_id)
            else:
                record.trashed = True
                self._alerts.save(record)

    def evaluate(self, alert_id: str) -> AlertRecord:
        """Run the query of an alert and record the state that follows."""
        record = self._live(alert_id)
        state, message = self._outcome(record.body)
        with self._lock:
            record = self.find(alert_id)
            record.state, record.message, record.last_evaluated_at = state, message, now_ms()
            self._alerts.save(record)
            return record

    def schedules(self) -> Iterable[Schedule]:
        """The schedules that are not paused."""
        for record in self.live():
            schedule = record.body["schedule"]
            if schedule.get("pause_status") != "PAUSED":
                yield Schedule(record.alert_id, schedule["quartz_cron_schedule"], schedule["timezone_id"])

    def run_scheduled(self, key: str) -> None:
        """Evaluate an alert in the background."""
        self._pool.submit(self.evaluate, key)

    def close(self) -> None:
        """Stop the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _live(self, alert_id: str) -> AlertRecord:
        record = self.find(alert_id)
        if record.trashed:
            raise ApiError.missing(f"Alert with ID '{alert_id}' does not exist.")
        return record

    def _outcome(self, body: dict[str, Any]) -> tuple[str, str]:
        result = self._statements.run(body["query_text"], parameters=tuple(body.get("parameters") or ()))
        if result.state != "SUCCEEDED":
            return "ERROR", result.error_message or "The query was canceled."
        try:
            return evaluate(body["evaluation"], [str(column["name"]) for column in result.columns], result.rows), ""
        except EvaluationError as error:
            return "ERROR", str(error)

    def _checked(self, body: dict[str, Any]) -> dict[str, Any]:
        check(body, SHAPE, MESSAGE)
        require(body, *_REQUIRED)
        self._warehouse.require(body["warehouse_id"])
        needs_threshold = body["evaluation"]["comparison_operator"] not in {"IS_NULL", "IS_NOT_NULL"}
        if needs_threshold and not (value_at(body, "evaluation.threshold") or {}):
            raise ApiError.invalid("Field 'evaluation.threshold' is required to be truthy!")
        _check_schedule(body["schedule"])
        kept = {name: value for name, value in body.items() if name in _WRITABLE}
        kept["evaluation"] = {
            name: value for name, value in body["evaluation"].items() if name not in {"state", "last_evaluated_at"}
        }
        kept["schedule"] = {"pause_status": "UNPAUSED"} | body["schedule"]
        kept["parent_path"] = body.get("parent_path") or f"/Workspace/Users/{USER_NAME}"
        if "parent_path" in body and not self._files.local(kept["parent_path"]).is_dir():
            raise ApiError.missing(f"Path ({kept['parent_path']}) doesn't exist.")
        return kept

    def _refuse_double(self, record: AlertRecord) -> None:
        """A name is taken as long as there is an alert of it in the same folder, even in the trash."""
        others = [other for other in self._alerts.list() if other.alert_id != record.alert_id]
        if any(other.place == record.place for other in others):
            folder, name = record.place
            raise ApiError.exists(f"Alert with name '{name}' already exists in {folder}.")


def _check_schedule(schedule: dict[str, Any]) -> None:
    try:
        parse_cron(schedule["quartz_cron_schedule"])
    except ValueError as error:
        expression = schedule["quartz_cron_schedule"]
        raise ApiError.invalid(f"Invalid quartz_cron_schedule '{expression}': {error}.") from error
    try:
        time_zone(schedule["timezone_id"])
    except ValueError as error:
        raise ApiError.invalid(f"Invalid timezone_id: {error}.") from error


def shown(record: AlertRecord) -> dict[str, Any]:
    """An alert as the API returns it."""
    evaluation = record.body["evaluation"] | {"state": record.state}
    if record.last_evaluated_at:
        evaluation["last_evaluated_at"] = timestamp(record.last_evaluated_at)
    return record.body | {
        "id": record.alert_id,
        "evaluation": evaluation,
        "create_time": timestamp(record.create_time),
        "update_time": timestamp(record.update_time),
        "owner_user_name": USER_NAME,
        "effective_run_as": record.body.get("run_as") or {"user_name": USER_NAME},
        "lifecycle_state": "DELETED" if record.trashed else "ACTIVE",
    }
