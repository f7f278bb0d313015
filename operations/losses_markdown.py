"""Shows a person what a destroy deletes: in the question before it, and in the report after it."""

from __future__ import annotations

from collections.abc import Sequence

from operations.destroy_report import DestroyReport
from operations.plain_text import code_span, for_markdown, link
from workspace.losses import DataObject, Dependent, DeployedResource, Losses, Remains
from workspace.models import PlannedChange

MAX_ROWS = 300
"""Data objects that are shown one by one; the rest is counted."""
_WHAT_AN_ANSWER_MEANS = (
    "An approval allows exactly this, once: when a resource or data object is "
    "added or gone before the destroy begins, it is void and you are asked again. More or fewer rows in these tables "
    "do not void it."
)
_UNITS = ("bytes", "KB", "MB", "GB", "TB")


def losses_question(losses: Losses) -> str:
    """Return the body of the question whether exactly this may be destroyed."""
    place = f"target {code_span(losses.target)} of {code_span(losses.host)}"
    total = f"{len(losses.resources)} resources, {len(losses.data)} tables and other data objects{_rows(losses)}"
    what = (
        f"`bundle destroy` would delete this from {place}, for good: {total}, and {losses.files} files below "
        f"{code_span(losses.remote_root)}. Whatever of this bundle uses it is deleted as well."
    )
    return "\n\n".join([what, *_lists(losses), _WHAT_AN_ANSWER_MEANS])


def deploy_question(target: str, changes: Sequence[PlannedChange], losses: Losses | None) -> str:
    """Return the body of the question whether exactly this deploy may delete and recreate resources.

    Args:
        target: Target of the bundle.
        changes: What is deleted or recreated.
        losses: What goes with it; None leaves that out.
    """
    lines = "\n".join(f"- {for_markdown(change.action)} {code_span(change.resource)}" for change in changes)
    what = (
        f"The deploy to {code_span(target)} would do this, besides what it creates and updates. A recreated resource "
        "is deleted first: its history, and the data that it holds, are lost as well."
    )
    once = (
        "An approval allows exactly this deploy, once. More or fewer rows or tables do not void it; another plan does."
    )
    return "\n\n".join([what, lines, *(_lists(losses) if losses else []), once])


def _rows(losses: Losses) -> str:
    """Say how many rows are lost, as far as that is known."""
    with_rows = [one.rows for one in losses.data if one.has_rows]
    known = [rows for rows in with_rows if rows is not None]
    if with_rows and not known:
        return ", rows not known"
    at_least = "at least " if len(known) < len(with_rows) else ""
    return f", {at_least}{sum(known):,} rows" if losses.data else ""


def losses_sections(report: DestroyReport) -> list[str]:
    """Return the report's sections about a destroy."""
    head = "What was to be deleted" if report.started else "What would be deleted; nothing was"
    error = [f"The destroy failed: {for_markdown(report.error)}"] if report.error else []
    return [*error, *(_remains(report.remains) if report.remains else []), f"## {head}", *_lists(report.losses)]


def _lists(losses: Losses) -> list[str]:
    return [
        *_list("Resources", [_resource(one) for one in losses.resources]),
        *_data(losses.data),
        *_list("Who else uses it", [_dependent(one) for one in losses.dependents] or ["- nobody was found"]),
        *_list("Not checked", [f"- {for_markdown(one)}" for one in losses.not_checked] + _NEVER_CHECKED),
    ]


_NEVER_CHECKED = ["- Code, dashboards and people outside this workspace that use these objects by name."]


def _resource(resource: DeployedResource) -> str:
    name = link(resource.name, resource.url) if resource.url else for_markdown(resource.name)
    identity = code_span(resource.id) if resource.id else "not known"
    return f"- {code_span(resource.key)}: {name}, id {identity}"


def _data(data: tuple[DataObject, ...]) -> list[str]:
    if not data:
        return []
    rows = ["| object | kind | lost with | rows | files | size |", "|---|---|---|---:|---:|---:|"]
    rows += [_data_row(one) for one in data[:MAX_ROWS]]
    more = [f"and {len(data) - MAX_ROWS} more"] if len(data) > MAX_ROWS else []
    return ["### Data", "\n".join(rows), *more]


def _data_row(one: DataObject) -> str:
    unknown = for_markdown(f"not known: {one.unknown}") if one.unknown else ""
    rows = f"{one.rows:,}" if one.rows is not None else (unknown if one.has_rows else "")
    size = _size(one.size_bytes) if one.size_bytes is not None else ("" if rows == unknown else unknown)
    files = str(one.files) if one.files is not None else ""
    return f"| {code_span(one.name)} | {one.kind} | {code_span(one.lost_with)} | {rows} | {files} | {size} |"


def _dependent(one: Dependent) -> str:
    name = link(one.name, one.url) if one.url else for_markdown(one.name)
    return f"- {name} uses {', '.join(code_span(used) for used in one.uses)}"


def _remains(remains: Remains) -> list[str]:
    left = [f"- {code_span(one)}" for one in remains.resources]
    left += [f"- {remains.files} files in the workspace"] if remains.files else []
    later = [f"- {code_span(one)}: still listed; the catalog removes it with a delay" for one in remains.tables]
    unknown = [f"- {for_markdown(one)}" for one in remains.not_checked]
    return [
        *_list("Still there", left),
        *_list("Tables of deleted pipelines", later),
        *_list("Not checked after the destroy", unknown),
    ]


def _list(title: str, lines: list[str]) -> list[str]:
    return [f"### {title}", "\n".join(lines)] if lines else []


def _size(count: int) -> str:
    size, unit = float(count), 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.0f} {_UNITS[unit]}" if unit == 0 else f"{size:.1f} {_UNITS[unit]}"
