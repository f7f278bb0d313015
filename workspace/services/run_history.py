"""How long earlier runs took. Read once per job or pipeline and process; it only ever decides when to look."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from workspace.models import RunResult
from workspace.services.rest import get_json
from workspace.services.run_states import Json, result_of

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

LOOK_BACK = 25
"""Newest ended runs that are read: one page of jobs/runs/list."""

KEPT = 1024
KEPT_SECONDS = 3600.0
_EVENTS = 100


class History:
    """Durations by job or pipeline, the newest `KEPT` for an hour. What is empty is asked for again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._learned: OrderedDict[Hashable, tuple[float, tuple[float, ...]]] = OrderedDict()
        self._lock = threading.Lock()

    def known(self, key: Hashable) -> tuple[float, ...] | None:
        """Return the durations under the key, None where they are not known or too old."""
        with self._lock:
            at, durations = self._learned.get(key, (0.0, ()))
            return durations if durations and self._clock() - at < KEPT_SECONDS else None

    def learn(self, key: Hashable, durations: Sequence[float]) -> None:
        """Keep durations; what was learned longest ago makes room."""
        with self._lock:
            self._learned[key] = (self._clock(), tuple(durations))
            self._learned.move_to_end(key)
            while len(self._learned) > KEPT:
                self._learned.popitem(last=False)


def job_durations(client: WorkspaceClient, job_id: str) -> tuple[float, ...]:
    """Return the seconds that the job's newest successes took.

    Raises:
        WorkspaceRequestError: they may not be read.
    """
    query = {"job_id": job_id, "completed_only": "true", "limit": LOOK_BACK}
    answer = get_json(client, "/api/2.2/jobs/runs/list", query, f"reading the runs of job {job_id}")
    return durations_of(answer.get("runs") or [])


def durations_of(runs: Iterable[Json]) -> tuple[float, ...]:
    """Return the seconds that those of these ended runs took that succeeded."""
    return tuple(_seconds(run) for run in runs if result_of(run) is RunResult.SUCCESS)


def update_durations(client: WorkspaceClient, pipeline_id: str) -> tuple[float, ...]:
    """Return the seconds that the pipeline's newest successful updates took, as far as their ends are known.

    The list of updates tells when one began. When it ended some workspaces tell there too; elsewhere the newest events
    do, which hold the end of one or a few updates.

    Raises:
        WorkspaceRequestError: they may not be read.
    """
    path = f"/api/2.0/pipelines/{pipeline_id}"
    doing = f"reading how long updates of {pipeline_id} took"
    listed = get_json(client, f"{path}/updates", {"max_results": LOOK_BACK}, doing).get("updates") or []
    done = [one for one in listed if one.get("state") == "COMPLETED" and not one.get("validate_only")]
    if not done:
        return ()
    ends = {str(one["update_id"]): int(one["end_time"]) for one in done if one.get("end_time")}
    ends = ends or _ends_in_events(client, path, doing)
    begun = {str(one["update_id"]): int(one.get("creation_time") or 0) for one in done}
    return tuple((ends[one] - start) / 1000 for one, start in begun.items() if one in ends and ends[one] > start > 0)


def _ends_in_events(client: WorkspaceClient, path: str, doing: str) -> dict[str, int]:
    """Return when updates ended, in epoch milliseconds by id, as far as the newest events tell."""
    query: dict[str, Any] = {"filter": "level='INFO'", "max_results": _EVENTS, "order_by": "timestamp desc"}
    ends: dict[str, int] = {}
    for event in get_json(client, f"{path}/events", query, doing).get("events") or []:
        state = ((event.get("details") or {}).get("update_progress") or {}).get("state")
        update = str((event.get("origin") or {}).get("update_id") or "")
        at = _epoch_ms(str(event.get("timestamp") or ""))
        if state == "COMPLETED" and update and at:
            ends.setdefault(update, at)
    return ends


def _epoch_ms(timestamp: str) -> int:
    try:
        return int(datetime.fromisoformat(timestamp).timestamp() * 1000)
    except ValueError:
        return 0


def _seconds(run: Json) -> float:
    start, end = int(run.get("start_time") or 0), int(run.get("end_time") or 0)
    return (end - start) / 1000 if end > start > 0 else 0.0
