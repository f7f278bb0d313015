"""The report of an operation for programs: a JSON document with a version, and the totals a dashboard asks for."""

from __future__ import annotations

from collections import Counter
from typing import Any

from operations.report_data import OperationReport

VERSION = 1
"""Grows when a member is renamed or removed; new members may appear at any time."""


def render_json(report: OperationReport) -> dict[str, Any]:
    """Return the report as a JSON document."""
    everything = (report.deploy, *report.resources)
    codes = Counter(
        attempt.diagnoses[0].code for one in everything for attempt in one.progress.attempts if attempt.diagnoses
    )
    totals = {
        "resources": len(report.resources),
        "by_status": dict(Counter(one.progress.status.value for one in report.resources)),
        "iterations": sum(one.progress.iterations for one in report.resources),
        "fixes_applied": sum(attempt.applied for one in everything for attempt in one.progress.attempts),
        "codes": dict(codes),
    }
    document = report.model_dump(mode="json")
    for one in (document["deploy"], *document["resources"]):
        # A set has no order of its own; the same operation gives the same document.
        one["progress"]["tried"] = sorted(one["progress"]["tried"])
    return {"version": VERSION, "totals": totals, **document}
