"""Reads the sources of a bundle where the person has them, without refusing anything: what is not read is told."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from workspace.bundle_files import MAX_ALL_TEXT_BYTES, MAX_FILES, SKIPPED, text_of

_SUFFIXES = (".py", ".sql", ".ipynb", ".yml", ".yaml", ".json", ".toml", ".cfg")


def read_sources(root: Path, folders: Sequence[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the texts of the bundle's sources, and a line for everything that is left out.

    Args:
        root: bundle root.
        folders: more folders that are uploaded, relative to the root; they may lie outside of it.

    Returns:
        Path relative to the root, with forward slashes -> text; lines for a person.
    """
    base = root.resolve()
    texts: dict[str, str] = {}
    untold: list[str] = []
    total = 0
    for folder in dict.fromkeys([base, *((base / one).resolve() for one in folders)]):
        for path in _files(folder, base, untold):
            name = Path(os.path.relpath(path, base)).as_posix()
            text = _text(path) if name not in texts else None
            total += len(text or "")
            if len(texts) >= MAX_FILES or total > MAX_ALL_TEXT_BYTES:
                return texts, (
                    *untold,
                    f"the bundle has more sources than are read; {name} and what follows is left out",
                )
            if text is not None:
                texts[name] = text
    return texts, tuple(untold)


def _files(folder: Path, base: Path, untold: list[str]) -> Iterator[Path]:
    """Walk without following links to folders; a link to a file is followed as long as it stays inside."""
    for current, folders, names in os.walk(folder):
        here = Path(current)
        folders[:] = sorted(one for one in folders if one not in SKIPPED and not (here / one / "pyvenv.cfg").is_file())
        for name in sorted((*names, *(one for one in folders if (here / one).is_symlink()))):
            path = here / name
            problem = _problem_of_link(path, base) if path.is_symlink() else None
            if problem:
                untold.append(f"{os.path.relpath(path, base)} is a symlink that {problem} and is not read")
            elif name.endswith(_SUFFIXES) and path.is_file():
                yield path


def _problem_of_link(path: Path, base: Path) -> str | None:
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):  # the latter tells of a loop
        return "leads nowhere"
    return None if target.is_relative_to(base) else "leaves the bundle"


def _text(path: Path) -> str | None:
    try:
        return text_of(path)
    except OSError:
        return None  # a file without the right to read it, or one that has just gone: it has no source to tell
