"""Expectations, which open-source pipelines lack: conditions on a query's rows that warn, drop the row or fail.

A row passes when its condition is true; null counts as failed, as on Databricks. Streaming queries are counted while
they run, by metrics that travel with them; a materialized view is counted by a query of its own after the run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Action = Literal["warn", "drop", "fail"]
Query = Callable[[], Any]
_PREFIX = "expectations of "


@dataclass(frozen=True)
class Expectation:
    """One named condition of a dataset."""

    name: str
    condition: str
    action: Action


@dataclass
class Counts:
    """Rows that one flow's expectations have seen."""

    rows: int = 0
    dropped: int = 0
    failed: dict[str, int] = field(default_factory=dict)


class Expectations:
    """The expectations of one update's flows, and what they counted."""

    def __init__(self) -> None:
        self._of: dict[str, tuple[Expectation, ...]] = {}
        self._later: dict[str, Query] = {}
        self.counts: dict[str, Counts] = {}

    def checked(self, flow: str, query: Query, expectations: Sequence[Expectation], *, streaming: bool) -> Any:
        """Return the rows of `query` that the flow may write."""
        frame = query()
        if streaming:
            self._of[flow] = tuple(expectations)
            frame = frame.observe(_PREFIX + flow, *_metrics(expectations))
        else:
            self.count_query(flow, query, expectations)
        return _filtered(flow, frame, expectations)

    def count_query(self, flow: str, query: Query, expectations: Sequence[Expectation]) -> None:
        """Let the rows of a materialized view's unfiltered `query` be counted after the run."""
        self._of[flow] = tuple(expectations)
        self._later[flow] = query

    def observe(self, metrics: Mapping[str, Any]) -> None:
        """Add the metrics of one micro-batch."""
        for name, row in metrics.items():
            if name.startswith(_PREFIX):
                self._add(name.removeprefix(_PREFIX), row.asDict())

    def count_later(self, flow: str) -> None:
        """Count the rows of a materialized view that has just been written."""
        query = self._later.get(flow)
        if query is not None:
            self._add(flow, query().agg(*_metrics(self._of[flow])).first().asDict())

    def data_quality(self, flow: str, dataset: str) -> Mapping[str, Any] | None:
        """Return `data_quality` of a flow_progress event, None for a flow without expectations."""
        if flow not in self._of:
            return None
        counts = self.counts.get(flow, Counts())
        figures = [
            {
                "name": one.name,
                "dataset": dataset,
                "passed_records": counts.rows - counts.failed.get(one.name, 0),
                "failed_records": counts.failed.get(one.name, 0),
            }
            for one in self._of[flow]
        ]
        return {"dropped_records": counts.dropped, "expectations": figures}

    def awaited(self, flow: str, written: int) -> bool:
        """Tell whether metrics of rows that `flow` wrote are still on their way."""
        if flow not in self._of or flow in self._later:
            return False
        counts = self.counts.get(flow, Counts())
        return counts.rows - counts.dropped < written

    def _add(self, flow: str, row: Mapping[str, int]) -> None:
        counts = self.counts.setdefault(flow, Counts())
        counts.rows += row["rows"]
        counts.dropped += row["dropped"]
        for index, one in enumerate(self._of[flow]):
            counts.failed[one.name] = counts.failed.get(one.name, 0) + row[f"failed_{index}"]


def is_streaming(frame: Any) -> bool:
    """Tell whether a query reads a stream, from its plan alone: its sources may not exist yet."""
    plan = str(frame._plan.to_proto(frame.sparkSession.client))  # noqa: SLF001 - no public way
    return "is_streaming: true" in plan or re.search(r"\bSTREAM\b", plan, re.IGNORECASE) is not None


def sql_filter(expectations: Sequence[Expectation]) -> str:
    """Return the SQL condition of rows that are kept."""
    kept = [f"coalesce(({one.condition}), false)" for one in expectations if one.action == "drop"]
    return " AND ".join(kept) or "true"


def _metrics(expectations: Sequence[Expectation]) -> list[Any]:
    from pyspark.sql import functions as sf  # noqa: PLC0415 - slow to load, and the control plane needs none of it

    failed = [
        sf.expr(f"count_if(NOT coalesce(({one.condition}), false))").alias(f"failed_{index}")
        for index, one in enumerate(expectations)
    ]
    dropped = sf.expr(f"count_if(NOT ({sql_filter(expectations)}))").alias("dropped")
    return [sf.count(sf.lit(1)).alias("rows"), dropped, *failed]


def _filtered(flow: str, frame: Any, expectations: Sequence[Expectation]) -> Any:
    from pyspark.sql import functions as sf  # noqa: PLC0415 - as above

    for one in expectations:
        if one.action == "fail":
            record = sf.to_json(sf.struct("*"))
            text = sf.concat(
                sf.lit(_violation(flow, one.name)), record, sf.lit("'. Missing input data: false. SQLSTATE: 22000")
            )
            passed = sf.expr(f"coalesce(({one.condition}), false)")
            frame = frame.filter(sf.when(passed, sf.lit(True)).otherwise(sf.raise_error(text).cast("boolean")))  # noqa: FBT003
    return frame.filter(sql_filter(expectations))


def _violation(flow: str, name: str) -> str:
    return (
        f"[EXPECTATION_VIOLATION.VERBOSITY_ALL] Flow '{flow}' failed to meet the expectation. "
        f"Violated expectations: '{name}'. Output record: '"
    )
