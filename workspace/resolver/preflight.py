"""Refuses, before the CLI sees it, a bundle that would choke the CLI or that a working copy cannot hold whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import TypeVar

from workspace.errors import BundleInvalidError, BundleTooLargeError, OperatorError
from workspace.resolver.files import read_configuration, sync_paths
from workspace.resolver.resolve import resolve_offline
from workspace.resolver.tree import Node
from workspace.resolver.yaml_tree import strings

T = TypeVar("T")


def check_bundle(root: Path, target: str) -> None:
    """Refuse what only harms: texts that multiply without bounds, and files outside of the bundle's folder.

    Every other fault is left to `bundle validate`, which names file and line.

    Raises:
        BundleTooLargeError: a file, or what anchors and variables make of it, is beyond all limits.
        BundleInvalidError: the bundle includes or uploads what lies outside of its folder.
    """
    tree = _read_as_far_as_possible(lambda: read_configuration(root).tree)
    for outside in _outside(tree) if tree is not None else ():
        raise BundleInvalidError(
            f"{outside} lies outside of the bundle. Operations work on a copy of the bundle's own folder: put it below "
            f"{root.name}, and let databricks.yml name it there."
        )
    _read_as_far_as_possible(lambda: resolve_offline(root, target))


def _read_as_far_as_possible(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except BundleTooLargeError:
        raise
    except OperatorError:
        return None  # validate tells it better


def _outside(tree: Node) -> Iterator[str]:
    for pattern in tree.elements("include"):
        for text in strings(pattern):
            if ".." in PurePosixPath(text).parts:
                yield f"{pattern.place}: the include {text}"
    places = [one.place for one in tree.elements("sync", "paths")]
    for place, path in zip(places, sync_paths(tree), strict=False):
        if path.startswith(".."):
            yield f"{place}: the folder {path} of sync.paths"
