"""Resolves a bundle for a target, step by step in the CLI's order."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workspace.bundle_files import config_file
from workspace.errors import BundleInvalidError
from workspace.model import SourceLocation
from workspace.models import ResolvedBundle
from workspace.resolved import resolved_bundle
from workspace.resolver.files import Configuration, read_configuration, sync_paths
from workspace.resolver.kinds import KEYED_LISTS, PATHS
from workspace.resolver.presets import with_presets, with_workspace_paths
from workspace.resolver.references import REFERENCE, Resolver, left_over, line_of, steps_of
from workspace.resolver.shapes import SHAPES, shaped
from workspace.resolver.targets import chosen_target, with_target
from workspace.resolver.tree import Node, dotted, merged, node_of, walk
from workspace.resolver.variables import with_values


@dataclass(frozen=True)
class OfflineBundle:
    """A bundle as far as its files tell it."""

    resolved: ResolvedBundle
    unresolved: tuple[str, ...]
    """What the files do not tell, each with its reason and place."""
    sync_paths: tuple[str, ...]
    """Folders that are uploaded, relative to the bundle's folder."""


def resolve_offline(root: Path, target: str | None) -> OfflineBundle:
    """Resolve the bundle in this folder.

    Args:
        root: bundle root.
        target: name of the target; None for `dev`, else the bundle's default.

    Raises:
        UsageError: there is no such target.
        BundleInvalidError: the bundle's files are not valid; the text names file and line.
    """
    configuration = read_configuration(root)
    try:
        return _resolved(configuration, chosen_target(configuration, target))
    except RecursionError:
        main = config_file(root).name
        raise BundleInvalidError(f"{main}: the configuration is nested too deeply. Flatten it.") from None


def _resolved(configuration: Configuration, name: str) -> OfflineBundle:
    root = configuration.root
    ignored = list(configuration.ignored)
    chosen = with_target(configuration, name)
    written = shaped(chosen, ignored) or chosen
    tree = with_workspace_paths(written)
    tree, without = with_values(tree, root, name, os.environ)
    resolver = Resolver(tree, without)
    for key in ("bundle", "workspace", "presets", "experimental", "sync", "python", "variables"):
        part = tree.get(key)
        tree = tree if part is None else tree.with_entry((key,), resolver.resolved(part))
    resources = resolver.resolved(tree.get("resources") or node_of({}, tree.place))
    # Again: a variable may stand for a whole list of tasks.
    resources = shaped(resources, [], SHAPES["resources"]) or resources
    tree = tree.with_entry(("resources",), _with_paths(_with_keyed_lists(_checked(resources))))
    # Before the presets: that names get the user's prefix in development is no news, and changes no plan.
    own = _own_parts(written, tree)
    tree = with_presets(tree)
    document = {**tree.plain(), "__locations": _locations(tree)}
    return OfflineBundle(
        resolved=resolved_bundle(document, root),
        unresolved=(
            *left_over(own, without),
            *_dangling(tree.value["resources"]),
            *_not_evaluated(tree),
            *ignored,
        ),
        sync_paths=tuple(sync_paths(tree)),
    )


def _own_parts(written: Node, resolved: Node) -> Node:
    """Return the resolved resources, and of the workspace what the person wrote; defaults are no news either."""
    workspace = {key: child for key, child in resolved.items("workspace") if written.get("workspace", key) is not None}
    parts = {"workspace": node_of(workspace, resolved.place), "resources": resolved.value["resources"]}
    return node_of(parts, resolved.place)


def _checked(resources: Node) -> Node:
    """Refuse resources without a definition, and two of one name: `bundle run` finds a resource by its name alone."""
    seen: dict[str, str] = {}
    for kind, entries in resources.items():
        for name, node in entries.items():
            if not isinstance(node.value, dict):
                raise BundleInvalidError(f"{node.place}: {kind}.{name} is not defined. Give it its fields.")
            if name in seen:
                raise BundleInvalidError(
                    f"{node.place}: {kind}.{name} has the key of {seen[name]}. Keys are unique: rename one."
                )
            seen[name] = f"{kind}.{name} ({line_of(node.place)})"
    return resources


def _with_keyed_lists(resources: Node) -> Node:
    """Make one item of all items of a list that have the same key."""
    for kind, lists in KEYED_LISTS.items():
        for name, resource in resources.items(kind):
            for field, key in lists:
                items = resource.get(field)
                if items is not None and isinstance(items.value, list):
                    together = node_of(_by_key(items.value, key), items.place)
                    resources = resources.with_entry((kind, name, field), together)
    return resources


def _by_key(items: list[Node], key: str) -> list[Node]:
    found: dict[str, Node] = {}
    for item in items:
        name = str(item.text(key) or "")
        found[name] = merged(found.get(name), item) or item
    return [found[name] for name in (sorted(found) if key == "task_key" else found)]


def _with_paths(resources: Node) -> Node:
    """Let paths count from the bundle's folder instead of from the file in which they are written."""
    for kind, patterns in PATHS.items():
        for name, resource in resources.items(kind):
            if resource.get("git_source") is None:
                for pattern in patterns:
                    resource = _rebased(resource, tuple(pattern.split(".")))  # noqa: PLW2901 - the resource after each
                resources = resources.with_entry((kind, name), resource)
    return resources


def _rebased(node: Node, pattern: tuple[str, ...]) -> Node:
    if not pattern:
        text = node.value
        if not isinstance(text, str) or not text or text.startswith(("/", "${")) or "://" in text:
            return node
        return Node(posixpath.normpath(posixpath.join(posixpath.dirname(node.place.path), text)), node.place)
    if pattern[0] == "*":
        return (
            node
            if not isinstance(node.value, list)
            else node_of([_rebased(item, pattern[1:]) for item in node.value], node.place)
        )
    below = node.get(pattern[0])
    return node if below is None else node.with_entry((pattern[0],), _rebased(below, pattern[1:]))


def _locations(tree: Node) -> dict[str, Any]:
    """Return where each resource is declared, in the form of the CLI's `__locations`."""
    files: dict[str, int] = {}
    places: dict[str, list[list[int | None]]] = {}
    for kind, entries in tree.items("resources"):
        for name, node in entries.items():
            place: SourceLocation = node.place
            places[f"resources.{kind}.{name}"] = [[files.setdefault(place.path, len(files)), place.line, place.column]]
    return {"files": list(files), "locations": places}


def _dangling(resources: Node) -> Iterator[str]:
    """Yield references to resources that the bundle does not have; deploy refuses them."""
    for path, node in walk(resources, ("resources",)):
        for match in REFERENCE.finditer(node.value) if isinstance(node.value, str) else ():
            steps = steps_of(match[1])
            if steps[0] == "resources" and resources.get(*steps[1:3]) is None:
                where = f"{dotted(path)} ({line_of(node.place)})"
                yield f"${{{match[1]}}}: the bundle has no such resource; used in {where}"


def _not_evaluated(tree: Node) -> Iterator[str]:
    """Yield the code that the CLI would run to make or change resources, and that is not run here."""
    for holder in (("python",), ("experimental", "python")):
        for what in ("resources", "mutators"):
            for one in tree.elements(*holder, what):
                yield f"{dotted((*holder, what))}: {one.value} ({line_of(one.place)}) is Python code and not run here"
    for hook in ("preinit", "postinit"):
        script = tree.get("experimental", "scripts", hook)
        if script is not None:
            yield f"experimental.scripts.{hook} ({line_of(script.place)}) is not run"
