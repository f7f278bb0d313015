"""Dynamic value references in a job's settings: `{{job.run_id}}`, `{{tasks.load.values.rows}}` and the like.

Names, time arguments and the rule that a wrong name is refused only within a known namespace are those of Databricks'
page on dynamic value references. What a reference cannot name at all stays in the text as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.errors import ApiError

_REFERENCE = re.compile(r"\{\{([^{}]*)\}\}")
_PATH = re.compile(r"\s*((?:\w+|`[^`]+`)(?:\.(?:\w+|`[^`]+`))*)\s*")
_PART = re.compile(r"`([^`]+)`|(\w+)")
_TIMES: dict[str, Callable[[datetime], Any]] = {
    "iso_weekday": lambda at: at.isoweekday(),
    "is_weekday": lambda at: str(at.isoweekday() <= 5).lower(),
    "iso_date": lambda at: at.date().isoformat(),
    "iso_datetime": lambda at: at.replace(tzinfo=None).isoformat(timespec="microseconds"),
    "year": lambda at: at.year,
    "month": lambda at: at.month,
    "day": lambda at: at.day,
    "hour": lambda at: at.hour,
    "minute": lambda at: at.minute,
    "second": lambda at: at.second,
    "timestamp_ms": lambda at: int(at.timestamp() * 1000),
}
_TIME = "|".join(_TIMES)
_KNOWN = {
    "job": re.compile(
        rf"id|name|run_id|repair_count|(start_time|trigger\.time)\.({_TIME})|parameters\..+|trigger\.type"
        r"|trigger\.file_arrival\.location|trigger\.table_update\.updated_tables"
    ),
    "task": re.compile(r"name|run_id|execution_count|notebook_path"),
    "tasks": re.compile(r".+\.(run_id|result_state|error_code|execution_count|notebook_path|values\..+|output\..+)"),
    "workspace": re.compile(r"id|url"),
    "backfill": re.compile(_TIME),
}
"""Names by namespace. Elsewhere nothing is refused: `{{input}}`, the older `{{run_id}}`, and what is no reference."""


@dataclass(frozen=True)
class UnresolvedError(Exception):
    """A reference to something that the run does not have."""

    message: str


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What the references of one task run can name."""

    values: Mapping[str, str]
    """By path, such as `job.run_id`."""
    task_values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By task key and name."""
    task_key: str = ""
    has_input: bool = False
    input: Any = None
    """The element of a for_each_task that `{{input}}` names."""

    def find(self, parts: list[str]) -> str | None:
        """The text that a reference stands for; None if it names nothing.

        Raises:
            UnresolvedError: It names a task value that was not set.
        """
        if parts[0] == "input" and self.has_input:
            return _text(_within(self.input, parts[1:]))
        if parts[0] == "tasks" and parts[2:3] == ["values"]:
            values = self.task_values.get(parts[1], {})
            if len(parts) < 4 or parts[3] not in values:
                raise UnresolvedError(
                    f"Failed to resolve references: Task value referenced by '{'.'.join(parts)}' in task "
                    f"'{self.task_key}' was not found."
                )
            return _text(_within(values[parts[3]], parts[4:]))
        return self.values.get(".".join(parts))


def resolve(value: Any, scope: Scope) -> Any:
    """A value of the settings with the references in its texts replaced.

    Raises:
        UnresolvedError: One names a task value that was not set.
    """
    if isinstance(value, dict):
        return {name: resolve(item, scope) for name, item in value.items()}
    if isinstance(value, list):
        return [resolve(item, scope) for item in value]
    return _REFERENCE.sub(lambda found: _replacement(found, scope), value) if isinstance(value, str) else value


def _replacement(found: re.Match[str], scope: Scope) -> str:
    parts = _parts(found[1])
    text = scope.find(parts) if parts else None
    return found[0] if text is None else text


def check_references(value: Any) -> None:
    """Refuse a reference that belongs to a known namespace and names nothing in it.

    Raises:
        ApiError: The message names the reference.
    """
    for text in _texts(value):
        for found in _REFERENCE.finditer(text):
            parts = _parts(found[1])
            known = _KNOWN.get(parts[0]) if parts and len(parts) > 1 else None
            if known is not None and not known.fullmatch(".".join(parts[1:])):
                raise ApiError.invalid(f"Invalid dynamic value reference: '{found[0]}' is not supported.")


def times(prefix: str, milliseconds: int) -> dict[str, str]:
    """The references to a point in time, such as `job.start_time.iso_date`; times are in UTC."""
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return {f"{prefix}.{name}": str(form(at)) for name, form in _TIMES.items()}


def _parts(reference: str) -> list[str]:
    matched = _PATH.fullmatch(reference)
    return [part[0] or part[1] for part in _PART.findall(matched[1])] if matched else []


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(item)


def _within(value: Any, path: list[str]) -> Any:
    for name in path:
        if not isinstance(value, dict) or name not in value:
            raise UnresolvedError(f"Failed to resolve references: '{name}' is no field of {json.dumps(value)}.")
        value = value[name]
    return value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
