"""Find jobs and tasks in the YAML files of a bundle, and edit spans of their text; all other lines stay as they are.

A round trip through a YAML writer may change quotes and indentation of lines that nobody meant to touch. So ruamel.yaml
only says where a node stands; the edit replaces that span, and is proposed only when it is proven (yaml_changes.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from diagnostics.models import BundleSnapshot, FileEdit
from diagnostics.yaml_changes import Change, Path, proven_edit
from diagnostics.yaml_data import MAX_NODES, is_modest

_ROOTS = ("databricks.yml", "databricks.yaml", "bundle.yml", "bundle.yaml")
_MERGE = "tag:yaml.org,2002:merge"


@dataclass(frozen=True)
class Document:
    """One readable YAML file of the bundle."""

    path: str
    text: str
    root: MappingNode


@dataclass(frozen=True)
class Found:
    """A job or task, and where in its document it stands."""

    key: str
    path: Path
    node: Node


def documents(snapshot: BundleSnapshot) -> Iterator[Document]:
    """Yield the bundle's configuration: its root file and what that includes; every YAML file when it has none."""
    for path, text in sorted(snapshot.files.items()):
        if path.endswith((".yml", ".yaml")) and _is_included(path, snapshot):
            root = _composed(text)
            if isinstance(root, MappingNode):
                yield Document(path, text, root)


def _is_included(path: str, snapshot: BundleSnapshot) -> bool:
    root = next((name for name in _ROOTS if name in snapshot.files), None)
    if root is None or path == root:
        return True
    included = items(value(_composed(snapshot.files[root]), "include"))
    return any(_matches(path, str(item.value)) for item in included if isinstance(item, ScalarNode))


def _matches(path: str, pattern: str) -> bool:
    """Compare part by part: a star does not reach into folders."""
    parts, wanted = path.split("/"), pattern.removeprefix("./").split("/")
    if "**" in wanted:
        return fnmatchcase(path, pattern.removeprefix("./").replace("**/", "*"))
    return len(parts) == len(wanted) and all(map(fnmatchcase, parts, wanted))


@lru_cache(maxsize=128)
def _composed(text: str) -> Node | None:
    if not is_modest(text):
        return None
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


def jobs(root: MappingNode, target: str | None = None) -> Iterator[Found]:
    """Yield each job, and what this target declares or overrides; without a target what any target does."""
    holders: list[tuple[Path, Node | None]] = [((), root)]
    targets = value(root, "targets")
    if isinstance(targets, MappingNode):
        for name, node in targets.value:
            if target in (None, name.value):
                holders.append((("targets", str(name.value)), node))
    for path, holder in holders:
        declared = value(holder, "resources", "jobs")
        if isinstance(declared, MappingNode):
            for key_node, job in declared.value:
                key = str(key_node.value)
                yield Found(key, (*path, "resources", "jobs", key), job)


def task_nodes(job: Found) -> Iterator[Found]:
    """Yield the tasks of a job, those inside of for_each tasks as well."""
    for position, task in enumerate(items(value(job.node, "tasks"))):
        path = (*job.path, "tasks", position)
        key = scalar(task, "task_key") or str(position)
        yield Found(key, path, task)
        inner = value(task, "for_each_task", "task")
        if inner is not None:
            yield Found(scalar(inner, "task_key") or key, (*path, "for_each_task", "task"), inner)


def paths_of(root: Node, wanted: Node) -> tuple[Path, ...]:
    """Return every path at which a node stands: several when it is shared through aliases or merge keys."""
    found: list[Path] = []
    left: list[tuple[Path, Node]] = [((), root)]
    for _ in range(MAX_NODES):
        if not left:
            return tuple(found)
        path, node = left.pop()
        if node is wanted:
            found.append(path)
        elif isinstance(node, SequenceNode):
            left += [((*path, position), item) for position, item in enumerate(node.value)]
        elif isinstance(node, MappingNode):
            left += [(place, item) for key, child in node.value for place, item in _below(path, key, child)]
    return ()


def _below(path: Path, key: Node, child: Node) -> list[tuple[Path, Node]]:
    """Look through merge keys: their entries stand where the merging mapping stands."""
    if key.tag == _MERGE:
        return [(path, source) for source in (items(child) or [child])]
    return [((*path, str(key.value)), child)]


def edits_of(
    snapshot: BundleSnapshot, resource: str | None, changes: Callable[[Document, Found], Iterable[Change]]
) -> tuple[tuple[FileEdit, ...], tuple[str, ...]]:
    """Return the proven edits of all tasks in which `changes` finds something to change, and the names of these tasks.

    Args:
        snapshot: the bundle; of its targets only the one that it was resolved for is edited.
        resource: key of the resource that failed; None when the bundle as a whole did.
        changes: what has to change in one task.
    """
    edits: list[FileEdit] = []
    names: dict[str, None] = {}
    for document in documents(snapshot):
        found = [
            (f"{job.key}.{task.key}", change)
            for job in jobs(document.root, snapshot.resolved.target)
            if resource in (None, f"jobs.{job.key}")
            for task in task_nodes(job)
            for change in changes(document, task)
        ]
        edit = proven_edit(document.path, document.text, [change for _, change in found])
        if edit is not None:
            edits.append(edit)
            names.update((name, None) for name, _ in found)
    return tuple(edits), tuple(names)
