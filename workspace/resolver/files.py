"""Finds a bundle's configuration files and reads them into one tree, as the CLI does."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workspace.bundle_files import config_file
from workspace.errors import BundleInvalidError
from workspace.resolver.kinds import FIELDS, RESOURCE_TYPES
from workspace.resolver.tree import Node, merged, node_of
from workspace.resolver.yaml_tree import read_tree, strings

_SUFFIXES = (".yml", ".yaml", ".json")
_MAGIC = ("*", "?", "[")
MAX_FILES = 2_000


@dataclass(frozen=True)
class Configuration:
    """What the files of a bundle say, before a target is chosen."""

    root: Path
    tree: Node
    ignored: tuple[str, ...] = ()
    """What the CLI warns of and leaves out, each with its place."""


def read_configuration(root: Path) -> Configuration:
    """Read the main file and everything that it includes.

    Raises:
        BundleInvalidError: a file cannot be read, or an include leads nowhere; the text names file and line.
    """
    main = config_file(root)
    tree = read_tree(main, main.name)
    if not isinstance(tree.value, dict):
        raise BundleInvalidError(f"{main.name}: a bundle's main file has to be a mapping. Start it with `bundle:`.")
    ignored = list(_ignored(tree))
    for name in _included(root, main, tree):
        file = read_tree(root / name, name)
        ignored += _ignored(file)
        if file.get("include") is not None:
            place = file.value["include"].place
            ignored.append(f"{place}: `include` counts in {main.name} only; what it names here is not read")
            file = file.without("include")
        tree = merged(tree, _known(file)) or tree
    return Configuration(root, _known(tree), tuple(ignored))


def _included(root: Path, main: Path, tree: Node) -> list[str]:
    """Return the files of all includes, each once, in the order of the patterns."""
    found: dict[str, None] = {}
    for pattern in tree.elements("include"):
        if not isinstance(pattern.value, str):
            continue
        names = [name for name in _matches(root, pattern) if (root / name).resolve() != main.resolve()]
        found.update(dict.fromkeys(names))
        if len(found) > MAX_FILES:
            raise BundleInvalidError(f"{pattern.place}: more than {MAX_FILES} files are included. Narrow the pattern.")
    return list(found)


def _matches(root: Path, pattern: Node) -> list[str]:
    text = pattern.value
    if os.path.isabs(text) or "\0" in text:  # noqa: PTH117 - the pattern is a text of the bundle, not a path of ours
        raise BundleInvalidError(f"{pattern.place}: the include {text} has to be relative to the bundle's folder.")
    # Not recursive: `**` means no more than `*` to the CLI.
    found = [os.path.normpath(name) for name in glob.glob(text, root_dir=root, include_hidden=True)]  # noqa: PTH207
    names = sorted(name.replace(os.sep, "/") for name in found)
    if not names and not any(sign in text for sign in _MAGIC):
        raise BundleInvalidError(f"{pattern.place}: the include {text} matches no file. Correct the path.")
    wrong = next((name for name in names if not name.endswith(_SUFFIXES)), None)
    if wrong is not None:
        raise BundleInvalidError(
            f"{pattern.place}: the include {text} matches {wrong}, which is neither YAML nor JSON. Narrow the pattern; "
            "what is only to be uploaded belongs under sync.include."
        )
    return names


def _known(tree: Node) -> Node:
    """Leave out what the CLI does not know: other top-level keys and types of resources; a null means nothing."""
    kept = {key: child for key, child in tree.items() if key in FIELDS}
    if isinstance(kept.get("resources"), Node):
        types = {key: child for key, child in kept["resources"].items() if key in RESOURCE_TYPES}
        kept["resources"] = node_of(types, kept["resources"].place)
    return node_of(kept, tree.place)


def _ignored(tree: Node) -> Iterator[str]:
    for key, child in tree.items():
        if key not in FIELDS and not _only_anchors(child):
            yield f"{child.place}: the CLI knows no `{key}` here and ignores it"
    for key, child in tree.items("resources"):
        if key not in RESOURCE_TYPES:
            yield f"{child.place}: the CLI knows no type of resource `{key}` and ignores it"


def _only_anchors(node: Node) -> bool:
    """Tell whether a value only holds what is used elsewhere through aliases."""
    return node.anchored or (node.size > 1 and all(_only_anchors(child) for _, child in node.children()))


def sync_paths(tree: Node) -> list[str]:
    """Return the folders that `sync.paths` names, relative to the bundle's folder."""
    return [
        os.path.normpath(os.path.join(os.path.dirname(one.place.path), text))  # noqa: PTH118, PTH120 - texts, not paths
        for one in tree.elements("sync", "paths")
        for text in strings(one)
    ]
