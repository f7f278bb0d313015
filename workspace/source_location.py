"""Finds the place in a bundle that a trace points at. Traces name deployed paths, and notebooks without suffix."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import PurePosixPath

from workspace.models import SourceLocation

MAX_TRACE = 500_000
_SUFFIXES = ("", ".py", ".sql", ".ipynb", ".scala", ".r", ".R")
# Each form names a path and a line, as far as the writer of the trace knows them.
_PYTHON = re.compile(r'File "(?P<path>[^"\n]{1,1000})", line (?P<line>\d{1,9})')
_IPYTHON = re.compile(r"File (?P<path>[/.\w][^\n]{0,1000}?):(?P<line>\d{1,9})(?=[,\s)]|$)", re.MULTILINE)
_UNQUOTED = re.compile(r"File (?P<path>[/.\w][^\n,\"]{0,1000}), line (?P<line>\d{1,9})")
_FORMS = (_PYTHON, _IPYTHON, _UNQUOTED)
_CELL = re.compile(r"File <command-[^>\n]{1,100}>[:,]?\s*(?:line )?(?P<line>\d{1,9})")


def locate(trace: str, workspace_files_root: str, files: Collection[str]) -> SourceLocation | None:
    """Return the innermost place in the bundle that the trace names, None when it names none.

    Args:
        trace: Python or notebook trace.
        workspace_files_root: where the bundle's files stand in the workspace (`workspace.file_path`).
        files: paths of the bundle's files, relative to its root.
    """
    known = frozenset(files)
    found: SourceLocation | None = None
    for path, line in _places(trace[-MAX_TRACE:]):
        own = bundle_path(path, workspace_files_root, known)
        if own is not None:
            found = SourceLocation(path=own, line=line)
    return found


def names_only_a_cell(trace: str) -> bool:
    """Tell whether the trace points into a notebook cell: its line counts within the cell, not within the file."""
    return _CELL.search(trace) is not None


def bundle_path(path: str, workspace_files_root: str, files: Collection[str]) -> str | None:
    """Return the bundle's file for a deployed path; notebooks are deployed without their suffix."""
    relative = _below(path, workspace_files_root)
    if relative is None:
        return None
    return next((relative + suffix for suffix in _SUFFIXES if relative + suffix in files), None)


def _places(trace: str) -> Iterator[tuple[str, int]]:
    """Yield path and line of each frame in the order of the text: the innermost frame stands last."""
    hits = [match for form in _FORMS for match in form.finditer(trace)]
    for match in sorted(hits, key=lambda one: one.start()):
        yield match["path"].strip(), int(match["line"])


def _below(path: str, root: str) -> str | None:
    """Both spellings of a workspace path are in use, with `/Workspace` and without."""
    plain, plain_root = _plain(path), _plain(root)
    if plain.startswith(f"{plain_root}/"):
        return plain[len(plain_root) + 1 :]
    if path.startswith("/") or ".." in PurePosixPath(path).parts:
        return None
    return path.removeprefix("./")


def _plain(path: str) -> str:
    return path.removeprefix("file:").removeprefix("/Workspace").rstrip("/")
