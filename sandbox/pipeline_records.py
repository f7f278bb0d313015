"""What the control plane stores about pipelines, their updates and their event logs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from pydantic import Field

from sandbox.layout import USER_NAME
from sandbox.records import now_ms
from sandbox.store import Record

TERMINAL = frozenset({"COMPLETED", "FAILED", "CANCELED"})


def timestamp(milliseconds: int) -> str:
    """A time as event logs write it."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03d}Z"


class PipelineRecord(Record):
    """A pipeline and its specification."""

    kind: ClassVar[str] = "pipeline"
    pipeline_id: str
    spec: dict[str, Any]
    last_modified: int = Field(default_factory=now_ms)

    @property
    def key(self) -> str:
        """The pipeline id."""
        return self.pipeline_id

    @property
    def name(self) -> str:
        """The pipeline's name."""
        return str(self.spec.get("name", ""))


class UpdateRecord(Record):
    """One update of a pipeline."""

    kind: ClassVar[str] = "update"
    update_id: str
    pipeline_id: str
    state: str
    cause: str
    creation_time: int = Field(default_factory=now_ms)
    full_refresh: bool = False
    refresh_selection: tuple[str, ...] = ()
    full_refresh_selection: tuple[str, ...] = ()
    validate_only: bool = False
    config: dict[str, Any] = Field(default_factory=dict)

    @property
    def key(self) -> str:
        """The update id."""
        return self.update_id

    @property
    def owner(self) -> str:
        """The pipeline."""
        return self.pipeline_id

    @property
    def active(self) -> bool:
        """Whether it has not ended yet."""
        return self.state not in TERMINAL

    def shown(self) -> dict[str, Any]:
        """As `updates/{id}` returns it."""
        return self.model_dump(mode="json")

    def short(self) -> dict[str, Any]:
        """As `latest_updates` of a pipeline lists it."""
        return {"update_id": self.update_id, "state": self.state, "creation_time": timestamp(self.creation_time)}


class EventRecord(Record):
    """One line of an event log, in the shape of the API."""

    kind: ClassVar[str] = "event"
    body: dict[str, Any]

    @property
    def key(self) -> str:
        """The event id."""
        return str(self.body["id"])

    @property
    def owner(self) -> str:
        """The pipeline."""
        return str(self.body["origin"]["pipeline_id"])


def shown_pipeline(pipeline: PipelineRecord, updates: list[UpdateRecord]) -> dict[str, Any]:
    """A pipeline as the API returns it; its state follows from its newest update."""
    newest = updates[0] if updates else None
    states = {"FAILED": "FAILED", "STOPPING": "STOPPING", "RESETTING": "RESETTING"}
    state = "IDLE"
    if newest is not None and (newest.active or newest.state == "FAILED"):
        state = states.get(newest.state, "RUNNING")
    return {
        "pipeline_id": pipeline.pipeline_id,
        "name": pipeline.name,
        "state": state,
        "health": "UNHEALTHY" if state == "FAILED" else "HEALTHY",
        "creator_user_name": USER_NAME,
        "run_as_user_name": USER_NAME,
        "latest_updates": [update.short() for update in updates[:5]],
    }
