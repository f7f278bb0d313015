"""Which file of the bundle a configured path means: relative, or where it stands once it is deployed."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from fnmatch import fnmatchcase

from diagnostics.models import BundleSnapshot
from workspace.models import Resource

_SUFFIXES = ("", ".py", ".sql", ".ipynb")
_SOURCES = (".py", ".sql", ".ipynb")


def local_path(path: str, resource: Resource, snapshot: BundleSnapshot) -> str | None:
    """Return the bundle's file that a configured path means, or None. The CLI resolves paths to the workspace."""
    for candidate in local_paths(path, resource, snapshot):
        for suffix in _SUFFIXES:
            if candidate + suffix in snapshot.files:
                return candidate + suffix
    return None


def local_paths(path: str, resource: Resource, snapshot: BundleSnapshot) -> list[str]:
    """Return what a configured path can mean within the bundle, best first; nothing for other workspace paths."""
    return list(dict.fromkeys(_candidates(path, resource, snapshot)))


def _candidates(path: str, resource: Resource, snapshot: BundleSnapshot) -> Iterator[str]:
    for root in (snapshot.resolved.file_root, snapshot.resolved.file_root.removeprefix("/Workspace")):
        if root and path.startswith(f"{root}/"):
            yield posixpath.normpath(path[len(root) + 1 :])
    if "/files/" in path:
        yield posixpath.normpath(path.partition("/files/")[2])
    if not path.startswith(("/", "${", "dbfs:", "s3:", "abfss:")):
        yield posixpath.normpath(path)
        if resource.location:
            yield posixpath.normpath(posixpath.join(posixpath.dirname(resource.location.path), path))


def globbed(pattern: str, resource: Resource, snapshot: BundleSnapshot) -> list[str]:
    """Return the source files that a pattern of a pipeline means; a folder means everything in it."""
    wanted = [candidate.replace("**", "*") for candidate in local_paths(pattern, resource, snapshot)]
    return sorted(
        name
        for name in snapshot.files
        if name.endswith(_SOURCES) and any(fnmatchcase(name, one) or name.startswith(f"{one}/") for one in wanted)
    )


def file_named(path: str, declared_in: str, snapshot: BundleSnapshot) -> str | None:
    """Return the bundle's file that a path in the YAML file `declared_in` means, or None."""
    path = path.removeprefix("${workspace.file_path}/")
    if not path:
        return None
    for base in (posixpath.dirname(declared_in), ""):
        candidate = posixpath.normpath(posixpath.join(base, path))
        for suffix in _SUFFIXES:
            if candidate + suffix in snapshot.files:
                return candidate + suffix
    return None


def is_notebook(path: str, text: str) -> bool:
    """Tell a Databricks notebook from a plain file: by its first line, or by its extension."""
    first = text.partition("\n")[0].strip()
    return path.endswith(".ipynb") or first in ("# Databricks notebook source", "-- Databricks notebook source")
