"""How often a resource should run, as its own schedule or that of a job that starts it says. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cronsim import CronSim, CronSimError

from workspace.models import ResolvedBundle, Resource

_WEEK = timedelta(days=8)
_MAX_FIRES = 12_000
_FROM = datetime(2026, 1, 1, tzinfo=UTC)
"""Any beginning will do: gaps are wanted, not times."""
_UNITS = {"HOURS": timedelta(hours=1), "DAYS": timedelta(days=1), "WEEKS": timedelta(weeks=1)}
_REFERENCE = re.compile(r"\$\{resources\.(jobs|pipelines)\.([\w-]+)\.id\}")


def longest_pauses(bundle: ResolvedBundle) -> Mapping[str, timedelta]:
    """Return the longest time between two starts of each resource that a schedule starts, directly or through jobs."""
    pauses = {one.key: pause for one in bundle.resources if (pause := _own(one)) is not None}
    starts = {one.key: _started_by(one, bundle) for one in bundle.resources}
    # A job that starts a job that starts a pipeline: as many rounds as there are resources at most.
    for _ in bundle.resources:
        before = dict(pauses)
        for key, started in starts.items():
            for child in started if key in pauses else ():
                pauses[child] = min(pauses[key], pauses.get(child, pauses[key]))
        if pauses == before:
            break
    return pauses


def longest_gap(quartz: str) -> timedelta | None:
    """Return the longest time between two fires of a Quartz expression, None for one that is not understood here."""
    fields = quartz.split()
    if len(fields) not in {6, 7}:
        return None
    minute, hour, day, month, weekday = (field.replace("?", "*").upper() for field in fields[1:6])
    if re.search(r"[LW#]", re.sub(r"JUL|WED", "", f"{day} {weekday}")):
        return None
    try:
        fires = CronSim(" ".join((minute, hour, day, month, _weekday(weekday))), _FROM)
        return _longest(fires)
    except (CronSimError, ValueError):
        return None


def _longest(fires: CronSim) -> timedelta | None:
    """A week shows every weekend; rarer schedules show themselves in three fires."""
    last, longest = None, timedelta()
    for count, fire in enumerate(fires):
        if last is not None:
            longest = max(longest, fire - last)
        last = fire
        if count >= _MAX_FIRES or (count >= 3 and fire - _FROM > _WEEK):
            break
    return longest or None


def _weekday(field: str) -> str:
    """Quartz counts days from Sunday = 1, cron from Sunday = 0; a step after `/` is no day."""
    days, slash, step = field.partition("/")
    return re.sub(r"\d+", lambda match: str(int(match.group()) - 1), days) + slash + step


def _own(resource: Resource) -> timedelta | None:
    schedule = _active(resource, "schedule")
    if schedule:
        return longest_gap(str(schedule.get("quartz_cron_expression") or ""))
    periodic: Mapping[str, Any] = _active(resource, "trigger").get("periodic") or {}
    unit = _UNITS.get(str(periodic.get("unit")))
    return unit * int(periodic.get("interval") or 1) if unit else None


def _active(resource: Resource, kind: str) -> Mapping[str, Any]:
    trigger = resource.config.get(kind) or {}
    return {} if trigger.get("pause_status") == "PAUSED" else trigger


def _started_by(resource: Resource, bundle: ResolvedBundle) -> tuple[str, ...]:
    """Return the resources that a job starts, named by reference or, once they are deployed, by id."""
    ids = {one.id: one.key for one in bundle.resources if one.id}
    found = []
    for task in resource.config.get("tasks") or ():
        for kind, field in (("run_job_task", "job_id"), ("pipeline_task", "pipeline_id")):
            value = str((task.get(kind) or {}).get(field) or "")
            reference = _REFERENCE.fullmatch(value)
            key = ".".join(reference.groups()) if reference else ids.get(value)
            found += [key] if key else []
    return tuple(found)
