"""Compares what was deployed, what is wanted, and what is there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_LIST_KEYS = ("task_key", "job_cluster_key", "environment_key", "name", "label")
_MISSING: Any = object()
_EMPTY = (None, "", 0, False)


def changes(
    old: dict[str, Any], new: dict[str, Any], remote: dict[str, Any], *, fixed: frozenset[str], unread: frozenset[str]
) -> dict[str, dict[str, Any]]:
    """Return, by path, what a deploy would change and why.

    Args:
        old: the configuration that was deployed last.
        new: the configuration that is wanted.
        remote: what the workspace has.
        fixed: top-level fields that only a new resource can have changed.
        unread: top-level fields that the workspace does not show.
    """
    before, after, there = dict(_leaves(old)), dict(_leaves(new)), dict(_leaves(remote))
    found = {}
    for path in sorted({*before, *after}):
        was, wanted, now = (leaves.get(path, _MISSING) for leaves in (before, after, there))
        top = path.partition(".")[0].partition("[")[0]
        edited = was is _MISSING or wanted is _MISSING or was != wanted
        if not edited and (top in unread or _same(wanted, now)):
            continue
        values = {"old": was, "new": wanted, "remote": now}
        shown = {name: value for name, value in values.items() if value is not _MISSING}
        found[path] = {"action": "recreate" if top in fixed else "update", **shown}
    return found


def _same(wanted: Any, now: Any) -> bool:
    # What is empty need not be shown by the workspace.
    return bool(wanted == now or (now is _MISSING and wanted in _EMPTY))


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _leaves(child, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        key = next((name for name in _LIST_KEYS if all(name in item for item in value)), None)
        for index, item in enumerate(value):
            yield from _leaves(item, f"{path}[{key}='{item[key]}']" if key else f"{path}[{index}]")
    else:
        yield path, value
