"""Where two values of a resource differ."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MISSING: Any = object()
Keyed = Mapping[str, str]
"""The field that tells the items of a list apart, by the pattern of the list's path."""


@dataclass(frozen=True)
class Item:
    """A step to the item of a list that has a certain key."""

    field: str
    key: Any


PathStep = str | int | Item
Path = tuple[PathStep, ...]


def differences(left: Any, right: Any, keyed: Keyed, path: Path = ()) -> Iterator[Path]:
    """Yield the deepest paths at which two values differ; what one of them lacks is one difference, not many."""
    if left is MISSING and right is MISSING:
        return
    if isinstance(left, dict) and isinstance(right, dict):
        for name in sorted({*left, *right}):
            yield from differences(left.get(name, MISSING), right.get(name, MISSING), keyed, (*path, name))
    elif isinstance(left, list) and isinstance(right, list):
        yield from _of_lists(left, right, keyed, path)
    elif left is MISSING or right is MISSING or left != right:
        yield path


def _of_lists(left: list[Any], right: list[Any], keyed: Keyed, path: Path) -> Iterator[Path]:
    field = keyed.get(pattern_of(path))
    if field is not None:
        ours, theirs = ({item.get(field): item for item in items} for items in (left, right))
        for key in dict.fromkeys([*ours, *theirs]):
            yield from differences(ours.get(key, MISSING), theirs.get(key, MISSING), keyed, (*path, Item(field, key)))
    elif len(left) != len(right):
        yield path
    else:
        for index, (ours, theirs) in enumerate(zip(left, right, strict=True)):
            yield from differences(ours, theirs, keyed, (*path, index))


def value_at(value: Any, path: Path) -> Any:
    """Return what stands at a path, MISSING if nothing does."""
    for step in path:
        if isinstance(step, Item):
            items = value if isinstance(value, list) else []
            value = next((item for item in items if item.get(step.field) == step.key), MISSING)
        elif isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else MISSING
        else:
            value = value.get(step, MISSING) if isinstance(value, dict) else MISSING
    return value


def pattern_of(path: Path) -> str:
    """Write a path with `[*]` for every item of a list, as rules name it."""
    return "".join(f".{step}" if isinstance(step, str) else "[*]" for step in path).removeprefix(".")


def text_of(path: Path) -> str:
    """Write a path as plans do: `tasks[task_key='load'].max_retries`."""
    text = ""
    for step in path:
        if isinstance(step, Item):
            text += f"[{step.field}='{step.key}']"
        elif isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if re.fullmatch(r"\w+", step) else f"['{step}']"
    return text.removeprefix(".")
