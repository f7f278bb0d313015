"""A configuration value that knows where it was written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

Step = str | int
Path = tuple[Step, ...]


@dataclass(frozen=True)
class Location:
    """A place in a file of the bundle; `file` is relative to the bundle root, line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


NOWHERE = Location("", 0, 0)
"""Where values come from that no file declares: defaults, presets, the environment."""


@dataclass
class Node:
    """One value: a dict or list of nodes, or a scalar."""

    value: Any
    location: Location = NOWHERE
    keys: dict[str, Location] = field(default_factory=dict)
    """Where each key of a map was written."""

    def get(self, *steps: Step) -> Node | None:
        """Return the node below, or None if there is none."""
        node = self
        for step in steps:
            if isinstance(node.value, dict):
                found = node.value.get(step)
            elif isinstance(node.value, list) and isinstance(step, int) and step < len(node.value):
                found = node.value[step]
            else:
                return None
            if found is None:
                return None
            node = found
        return node

    def plain(self, *steps: Step, default: Any = None) -> Any:
        """Return the value below as ordinary dicts, lists and scalars."""
        node = self.get(*steps)
        if node is None:
            return default
        if isinstance(node.value, dict):
            return {key: child.plain() for key, child in node.value.items()}
        if isinstance(node.value, list):
            return [child.plain() for child in node.value]
        return node.value

    def set(self, path: Sequence[str], value: Any) -> None:
        """Put a plain value at a path of map keys; maps on the way are made."""
        node = self
        for step in path[:-1]:
            if not isinstance(node.value.get(step), Node) or not isinstance(node.value[step].value, dict):
                node.value[step] = Node({})
            node = node.value[step]
        node.value[path[-1]] = value if isinstance(value, Node) else from_plain(value, node.location)

    def set_default(self, path: Sequence[str], value: Any) -> None:
        """Put a plain value where there is none yet."""
        if self.plain(*path) is None:
            self.set(path, value)

    def copy(self, location: Location | None = None) -> Node:
        """Return a deep copy, written at `location` if one is given."""
        where = location or self.location
        if isinstance(self.value, dict):
            return Node({k: v.copy(location) for k, v in self.value.items()}, where, dict(self.keys))
        if isinstance(self.value, list):
            return Node([v.copy(location) for v in self.value], where)
        return Node(self.value, where)

    def children(self) -> Iterator[tuple[Step, Node]]:
        """Yield the steps and nodes directly below."""
        if isinstance(self.value, dict):
            yield from self.value.items()
        elif isinstance(self.value, list):
            yield from enumerate(self.value)

    def walk(self, prefix: Path = ()) -> Iterator[tuple[Path, Node]]:
        """Yield every node below and this one, with its path, parents first."""
        yield prefix, self
        for step, child in list(self.children()):
            yield from child.walk((*prefix, step))


def from_plain(value: Any, location: Location = NOWHERE) -> Node:
    """Make a node of ordinary dicts, lists and scalars."""
    if isinstance(value, dict):
        return Node({k: from_plain(v, location) for k, v in value.items()}, location)
    if isinstance(value, list):
        return Node([from_plain(v, location) for v in value], location)
    return Node(value, location)


def dotted(path: Path) -> str:
    """Write a path as the CLI does: `resources.jobs.j.tasks[0]`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def merge(base: Node, over: Node) -> Node:
    """Merge maps key by key, append lists, and let scalars of `over` win."""
    if isinstance(base.value, dict) and isinstance(over.value, dict):
        merged = dict(base.value)
        for key, child in over.value.items():
            merged[key] = merge(merged[key], child) if key in merged else child
        return Node(merged, base.location, {**base.keys, **over.keys})
    if isinstance(base.value, list) and isinstance(over.value, list):
        return Node([*base.value, *over.value], base.location)
    if over.value is None:
        return base
    return over
