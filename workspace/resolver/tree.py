"""The tree of a bundle's configuration: every value knows where it was written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from workspace.errors import BundleTooLargeError
from workspace.model import SourceLocation

MAX_NODES = 500_000
"""Values of a whole configuration with every alias, merge key and variable written out: it stops bombs of any kind."""

Step: TypeAlias = "str | int"
Path: TypeAlias = tuple[Step, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A value with its place; trees share nodes and never change them."""

    value: Any
    """dict of nodes, list of nodes, or a scalar."""
    place: SourceLocation
    size: int = 1
    """Nodes of the tree from here down, shared ones counted at each place where they stand."""
    anchored: bool = False
    """It has a YAML anchor: what only serves as one may stand under any key."""

    def get(self, *steps: Step) -> Node | None:
        """Return the node below, None when there is none."""
        node: Node | None = self
        for step in steps:
            value = node.value if node is not None else None
            if isinstance(value, dict):
                node = value.get(step)
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                node = value[step]
            else:
                return None
        return node

    def text(self, *steps: Step) -> str | None:
        """Return the text below, None when there is no text."""
        node = self.get(*steps)
        return node.value if node is not None and isinstance(node.value, str) else None

    def children(self) -> Iterator[tuple[Step, Node]]:
        """Yield the nodes directly below with their keys or positions."""
        if isinstance(self.value, dict):
            yield from self.value.items()
        elif isinstance(self.value, list):
            yield from enumerate(self.value)

    def items(self, *steps: Step) -> Iterator[tuple[str, Node]]:
        """Yield the entries of the mapping below; nothing when there is none."""
        node = self.get(*steps)
        if node is not None and isinstance(node.value, dict):
            yield from node.value.items()

    def elements(self, *steps: Step) -> list[Node]:
        """Return the items of the sequence below; none when there is none."""
        node = self.get(*steps)
        return list(node.value) if node is not None and isinstance(node.value, list) else []

    def plain(self) -> Any:
        """Return the value as ordinary dicts, lists and scalars."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value

    def with_entry(self, path: Path, value: Node) -> Node:
        """Return the tree with a value at a path of mapping keys; mappings on the way are made."""
        if not path:
            return value
        entries: dict[Step, Node] = dict(self.value) if isinstance(self.value, dict) else {}
        below = entries.get(path[0], Node({}, self.place))
        entries[path[0]] = below.with_entry(path[1:], value)
        return node_of(entries, self.place)

    def without(self, *keys: str) -> Node:
        """Return the mapping without these keys."""
        return node_of({key: child for key, child in self.items() if key not in keys}, self.place)


def node_of(value: Any, place: SourceLocation) -> Node:
    """Make a node of a scalar or of nodes.

    Raises:
        BundleTooLargeError: the tree has more than `MAX_NODES` nodes.
    """
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    size = 1 + sum(child.size for child in children)
    if size > MAX_NODES:
        raise BundleTooLargeError(
            f"{place}: the configuration has more than {MAX_NODES} values here, with anchors and variables written "
            "out. Split the bundle, or remove the anchors that multiply each other."
        )
    return Node(value, place, size)


def node_from(plain: Any, place: SourceLocation) -> Node:
    """Make a node of ordinary dicts, lists and scalars, all written at one place."""
    if isinstance(plain, Mapping):
        return node_of({str(key): node_from(child, place) for key, child in plain.items()}, place)
    if isinstance(plain, list):
        return node_of([node_from(child, place) for child in plain], place)
    return Node(plain, place)


def merged(base: Node | None, over: Node | None) -> Node | None:
    """Merge as the CLI does: maps key by key, lists one after the other, else the later value unless it is null."""
    if base is None or over is None:
        return over if base is None else base
    if isinstance(base.value, dict) and isinstance(over.value, dict):
        entries = dict(base.value)
        for key, child in over.value.items():
            entries[key] = merged(entries.get(key), child)
        return node_of(entries, base.place)
    if isinstance(base.value, list) and isinstance(over.value, list):
        return node_of([*base.value, *over.value], base.place)
    return base if over.value is None else over


def walk(node: Node, path: Path = ()) -> Iterator[tuple[Path, Node]]:
    """Yield the node and everything below with its path, parents first."""
    yield path, node
    for step, child in node.children():
        yield from walk(child, (*path, step))


def dotted(path: Path) -> str:
    """Write a path as the CLI does: `resources.jobs.j.tasks[0]`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
