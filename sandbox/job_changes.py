"""Changes to some of a job's settings, as `jobs/update` makes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.errors import ApiError

_KEYS = {
    "tasks": "task_key",
    "job_clusters": "job_cluster_key",
    "environments": "environment_key",
    "parameters": "name",
}
"""By what the elements of an array are known."""


def changed_settings(
    settings: dict[str, Any], new_settings: dict[str, Any], fields_to_remove: Sequence[str]
) -> dict[str, Any]:
    """The settings after an update.

    Args:
        settings: As they were.
        new_settings: Fields that are replaced; elements of arrays are replaced or added by their keys.
        fields_to_remove: Names of fields, or `tasks/<key>` and the like for one element.
    """
    kept = dict(settings)
    for field in fields_to_remove:
        name, _, key = field.partition("/")
        if key and name not in _KEYS:
            raise ApiError.invalid(
                f"fields_to_remove: '{field}' cannot be removed; only whole fields and elements can."
            )
        if key:
            kept[name] = [item for item in kept.get(name) or () if item.get(_KEYS[name]) != key]
        else:
            kept.pop(name, None)
    merged = {name: _merged(kept.get(name) or [], value, name) for name, value in new_settings.items()}
    return kept | merged


def _merged(old: Any, new: Any, name: str) -> Any:
    key = _KEYS.get(name)
    if key is None:
        return new
    changed = {item.get(key): item for item in new}
    return [*(changed.pop(item.get(key), item) for item in old), *changed.values()]
