"""Find jobs and tasks in the bundle's YAML files, and edit spans of their text; all other lines stay as they are.

A round trip through a YAML writer may change quotes and indentation of lines that nobody meant to touch. So ruamel.yaml
only says where a node stands; the edit replaces that span, and the result is read again before it is proposed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from diagnostics.models import BundleSnapshot, FileEdit
from workspace.models import Model

_PLAIN = re.compile(r"[A-Za-z$/_][\w$./{}@-]*")
_WORDS_OF_YAML = frozenset(("true", "false", "yes", "no", "on", "off", "null", "y", "n"))


class Span(Model):
    """Replace `text[start:end]` by `new`."""

    start: int
    end: int
    new: str


def documents(snapshot: BundleSnapshot) -> Iterator[tuple[str, str, MappingNode]]:
    """Yield path, text and root node of every readable YAML file of the bundle."""
    for path, text in sorted(snapshot.files.items()):
        if path.endswith((".yml", ".yaml")):
            root = _composed(text)
            if isinstance(root, MappingNode):
                yield path, text, root


def _composed(text: str) -> Node | None:
    try:
        node: Node | None = YAML(typ="rt", pure=True).compose(text)
    except YAMLError:
        return None
    return node


def entry(node: Node | None, key: str) -> tuple[ScalarNode, Node] | None:
    """Return key node and value node of one entry of a mapping."""
    if isinstance(node, MappingNode):
        for key_node, value in node.value:
            if key_node.value == key:
                return key_node, value
    return None


def value(node: Node | None, *keys: str) -> Node | None:
    """Return the node below these keys, or None."""
    for key in keys:
        found = entry(node, key)
        if found is None:
            return None
        node = found[1]
    return node


def scalar(node: Node | None, *keys: str) -> str | None:
    """Return the text of the scalar below these keys, or None."""
    found = value(node, *keys)
    return str(found.value) if isinstance(found, ScalarNode) else None


def items(node: Node | None) -> list[Node]:
    """Return the items of a sequence node, nothing for other nodes."""
    return list(node.value) if isinstance(node, SequenceNode) else []


def jobs(root: MappingNode) -> Iterator[tuple[str, Node]]:
    """Yield key and node of each job, also of those that a target declares or overrides."""
    holders: list[Node | None] = [root]
    targets = value(root, "targets")
    if isinstance(targets, MappingNode):
        holders += [target for _, target in targets.value]
    for holder in holders:
        declared = value(holder, "resources", "jobs")
        if isinstance(declared, MappingNode):
            for key_node, job in declared.value:
                yield key_node.value, job


def task_nodes(job: Node) -> Iterator[Node]:
    """Yield the tasks of a job, those inside of for_each tasks as well."""
    for task in items(value(job, "tasks")):
        yield task
        inner = value(task, "for_each_task", "task")
        if inner is not None:
            yield inner


def span_of(node: Node) -> tuple[int, int]:
    """Return where the node's text begins and ends, without the blank lines and comments that follow it."""
    last = node
    while isinstance(last, MappingNode | SequenceNode) and not last.flow_style and last.value:
        child = last.value[-1]
        last = child[1] if isinstance(child, tuple) else child
    return node.start_mark.index, last.end_mark.index


def edited(path: str, text: str, spans: Iterable[Span]) -> FileEdit | None:
    """Return the edit that all spans make together; None when nothing changes or the result is no YAML."""
    after = text
    # A node that is shared through an alias is met once for each use, but stands in the text once.
    for span in sorted({(s.start, s.end, s.new): s for s in spans}.values(), key=lambda item: item.start, reverse=True):
        after = after[: span.start] + span.new + after[span.end :]
    if after == text or _composed(after) is None:
        return None
    return FileEdit(path=path, before=text, after=after)


def quoted(text: str) -> str:
    """Write a text as a YAML scalar that stays a text: quoted unless it is plainly a word, path or reference."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS_OF_YAML:
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def edits_of(
    snapshot: BundleSnapshot, spans: Callable[[str, MappingNode, BundleSnapshot], Iterable[Span]]
) -> tuple[FileEdit, ...]:
    """Return the edits of all bundle files in which `spans` finds something to replace."""
    found = (edited(path, text, spans(path, root, snapshot)) for path, text, root in documents(snapshot))
    return tuple(edit for edit in found if edit is not None)
