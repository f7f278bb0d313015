"""Finds the bundle's files and reads them into one configuration."""

from __future__ import annotations

import glob
import os
import posixpath
from collections import defaultdict
from pathlib import Path

from sandbox.standin.bundle import ROOT_FILES, Bundle
from sandbox.standin.diagnostics import BundleError
from sandbox.standin.node import Node, dotted, from_plain, merge
from sandbox.standin.schema import normalize
from sandbox.standin.yamlsource import YamlError, load_yaml

_NOT_FOUND = "Unable to locate the bundle root: databricks.yml not found."
_NOT_FOUND_ADVICE = (
    "Run this command from a directory that contains a bundle, or set the DATABRICKS_BUNDLE_ROOT environment variable "
    "to the bundle root directory.\nAlternatively, create a new bundle with 'databricks bundle init'."
)


def read_files(bundle: Bundle) -> None:
    """Read databricks.yml and everything that it includes."""
    bundle.root = _find_root(bundle)
    main = _root_file(bundle.folder)
    if main is None:
        raise BundleError(_NOT_FOUND, _NOT_FOUND_ADVICE)
    config = _read(bundle, main)
    bundle.config = config
    for pattern in config.plain("include", default=[]) or []:
        matches = _included(bundle.folder, str(pattern), main)
        if not matches and not glob.has_magic(str(pattern)):
            bundle.error(f"{pattern} defined in 'include' section does not match any files")
            return
        bundle.includes += [match for match in matches if match not in bundle.includes]
    for name in bundle.includes:
        config = merge(config, _read(bundle, bundle.folder / name))
    bundle.config = config
    config.set(("include",), from_plain(bundle.includes))
    _refuse_shared_keys(bundle)


def _find_root(bundle: Bundle) -> Path:
    given = bundle.call.env.get("DATABRICKS_BUNDLE_ROOT")
    if given:
        return Path(given).resolve()
    for folder in (bundle.call.around.cwd, *bundle.call.around.cwd.parents):
        if _root_file(folder):
            return folder
    raise BundleError(_NOT_FOUND, _NOT_FOUND_ADVICE)


def _root_file(folder: Path) -> Path | None:
    return next((folder / name for name in ROOT_FILES if (folder / name).is_file()), None)


def _included(root: Path, pattern: str, main: Path) -> list[str]:
    matches = glob.glob(pattern, root_dir=root, include_hidden=True)  # noqa: PTH207 - Path.glob refuses absolute and odd patterns
    return sorted(m.replace(os.sep, "/") for m in matches if (root / m).is_file() and root / m != main)


def _read(bundle: Bundle, path: Path) -> Node:
    name = path.relative_to(bundle.folder).as_posix()
    try:
        node = load_yaml(path, name)
    except YamlError as error:
        raise BundleError(f"failed to load {path}: {error}") from error
    config = normalize(node, bundle.diagnostics)
    _rebase_sync(config, posixpath.dirname(name))
    return config


def _rebase_sync(config: Node, folder: str) -> None:
    """Sync patterns count from the file that has them; from here on they count from the root."""
    for part in ("include", "exclude", "paths"):
        for pattern in (config.get("sync", part) or Node([])).value or []:
            negated, text = ("!", pattern.value[1:]) if pattern.value.startswith("!") else ("", pattern.value)
            pattern.value = negated + (posixpath.normpath(posixpath.join(folder, text)) if folder else text)


def _refuse_shared_keys(bundle: Bundle) -> None:
    """`bundle run KEY` finds a resource by its name alone, so no two of any type may share one."""
    places = defaultdict(list)
    for kind, name, node in bundle.resources():
        places[name].append((dotted(("resources", kind, name)), node.location))
    for name, found in places.items():
        if len(found) > 1:
            bundle.error(
                f"multiple resources or scripts have been defined with the same key: {name}",
                paths=tuple(path for path, _ in found),
                at=tuple(location for _, location in found),
            )
