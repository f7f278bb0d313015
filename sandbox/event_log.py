"""Event logs of pipelines: written as updates go on, read with the API's filters."""

from __future__ import annotations

import base64
import itertools
import re
import uuid
from collections.abc import Callable
from typing import Any

from sandbox.compute import PipelineEvent
from sandbox.errors import ApiError
from sandbox.pipeline_records import EventRecord, PipelineRecord, timestamp
from sandbox.records import now_ms
from sandbox.store import Collection, Store

_TERM = re.compile(
    r"""^\(?\s*(?P<field>level|id|timestamp|update_id|event_type)\s*
        (?:(?P<operator>=|<=|>=|<>|!=|<|>)\s*'(?P<value>[^']*)'|(?i:in)\s*\(\s*(?P<values>'[^']*'(?:\s*,\s*'[^']*')*)\s*\))
        \s*\)?$""",
    re.VERBOSE,
)
_COMPARE: dict[str, Callable[[str, str], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


class EventLog:
    """The events of all pipelines."""

    def __init__(self, store: Store) -> None:
        self._events = Collection(store, EventRecord)
        self._sequence = itertools.count(1)

    def write(self, pipeline: PipelineRecord, update_id: str, event: PipelineEvent) -> None:
        """Append one event."""
        origin = {"pipeline_id": pipeline.pipeline_id, "pipeline_name": pipeline.name, "update_id": update_id}
        if event.flow_name:
            origin["flow_name"] = event.flow_name
        if event.dataset_name:
            origin["dataset_name"] = event.dataset_name
        moment = now_ms()
        body: dict[str, Any] = {
            "id": str(uuid.uuid4()),
            "sequence": {"control_plane_seq_no": moment * 1000 + next(self._sequence) % 1000},
            "origin": origin,
            "timestamp": timestamp(moment),
            "message": event.message,
            "level": event.level,
            "maturity_level": "STABLE",
            "event_type": event.event_type,
            "details": dict(event.details),
        }
        if event.exceptions or event.fatal:
            body["error"] = {"fatal": event.fatal, "exceptions": [dict(item) for item in event.exceptions]}
        self._events.add(EventRecord(body=body))

    def read(
        self, pipeline_id: str, *, condition: str | None, order_by: list[str], max_results: int, page_token: str | None
    ) -> dict[str, Any]:
        """One page of events, newest first unless asked otherwise."""
        order = " ".join(order_by).strip().lower() or "timestamp desc"
        if order not in {"timestamp asc", "timestamp desc", "timestamp"}:
            raise ApiError.invalid(f"order_by must be 'timestamp asc' or 'timestamp desc', but is '{order}'.")
        keep = parse_filter(condition)
        records = self._events.list(owner=pipeline_id, oldest_first=order != "timestamp desc")
        found = [record.body for record in records if keep(record.body)]
        first = _offset(page_token)
        page: dict[str, Any] = {"events": found[first : first + max_results]}
        if first + max_results < len(found):
            page["next_page_token"] = base64.urlsafe_b64encode(str(first + max_results).encode()).decode()
        return page

    def remove(self, pipeline_id: str) -> None:
        """Forget the log of a pipeline."""
        self._events.remove_owned(pipeline_id)


def parse_filter(condition: str | None) -> Callable[[dict[str, Any]], bool]:
    """The test for a filter such as `level in ('ERROR', 'WARN') AND timestamp > '2026-01-01T00:00:00.000Z'`."""
    if not condition or not condition.strip():
        return lambda _event: True
    tests = [_term(text.strip(), condition) for text in re.split(r"(?i)\s+and\s+", condition.strip())]
    return lambda event: all(test(event) for test in tests)


def _term(text: str, condition: str) -> Callable[[dict[str, Any]], bool]:
    found = _TERM.match(text)
    if found is None:
        raise ApiError.invalid(f"Invalid filter: {condition}")
    name, operator = found["field"], found["operator"]
    if operator is None:
        values = set(re.findall(r"'([^']*)'", found["values"]))
        return lambda event: _field(event, name) in values
    compare, value = _COMPARE[operator], found["value"]
    return lambda event: compare(_field(event, name), value)


def _field(event: dict[str, Any], name: str) -> str:
    return str(event["origin"].get(name, "") if name == "update_id" else event[name])


def _offset(page_token: str | None) -> int:
    if not page_token:
        return 0
    try:
        return int(base64.urlsafe_b64decode(page_token.encode()))
    except ValueError as error:
        raise ApiError.invalid("page_token is invalid.") from error
