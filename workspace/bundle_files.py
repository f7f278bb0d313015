"""Finds a bundle and lists its files: no caches, no version control, within limits, and no symlink that leads out."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workspace.errors import BundleInvalidError, EditRefusedError, UsageError
from workspace.yaml_text import read_yaml

CONFIG_NAMES = ("databricks.yml", "databricks.yaml", "bundle.yml", "bundle.yaml")
MAX_FILES = 20_000
MAX_FILE_BYTES = 500 * 1024 * 1024
MAX_TEXT_BYTES = 1024 * 1024
MAX_ALL_TEXT_BYTES = 20 * 1024 * 1024
SKIPPED = frozenset(
    {
        ".git", ".hg", ".svn", ".venv", ".databricks", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache",
        ".hypothesis", ".tox", ".nox", ".ipynb_checkpoints", ".cache", "node_modules", ".idea", ".vscode", ".DS_Store",
    }
)  # fmt: skip


def find_bundle(path: Path) -> Path:
    """Return the bundle root at or above the path, as the CLI looks for it.

    Raises:
        UsageError: the path does not exist, or there is no databricks.yml here or above.
    """
    start = path.expanduser().resolve()
    if not start.exists():
        raise UsageError(f"{path} does not exist. Name the folder of a bundle.")
    folder = start if start.is_dir() else start.parent
    for candidate in (folder, *folder.parents):
        if any((candidate / name).is_file() for name in CONFIG_NAMES):
            return candidate
    raise UsageError(
        f"No bundle here: {folder} has no databricks.yml, nor has a folder above it. Call this in a folder that "
        "contains a bundle, or create one with `databricks bundle init`."
    )


def config_file(root: Path) -> Path:
    """Return the bundle's main configuration file.

    Raises:
        BundleInvalidError: the folder is no bundle root.
    """
    for name in CONFIG_NAMES:
        if (root / name).is_file():
            return root / name
    raise BundleInvalidError(f"{root} has no databricks.yml.")


def main_document(root: Path) -> Any:
    """Return the main configuration file as data; None when it cannot be read here, which validate reports."""
    return read_yaml(text_of(config_file(root)) or "")


def list_files(root: Path) -> dict[str, os.stat_result]:
    """Return the bundle's files, path relative to the root with forward slashes -> lstat; symlinks are listed too.

    Raises:
        BundleInvalidError: a symlink leaves the root, a file is too large, or there are too many.
    """
    base = root.resolve()
    files: dict[str, os.stat_result] = {}
    for entry in _walk(base):
        path = Path(entry.path)
        relative = path.relative_to(base).as_posix()
        status = entry.stat(follow_symlinks=False)
        if entry.is_symlink():
            _require_inside(path, relative, base)
        elif not stat.S_ISREG(status.st_mode):
            raise BundleInvalidError(f"{relative} is neither file nor folder (a socket, pipe or device). Move it away.")
        elif status.st_size > MAX_FILE_BYTES:
            size = status.st_size // (1024 * 1024)
            raise BundleInvalidError(f"{relative} has {size} MB; 500 MB is the limit. Keep data in a volume instead.")
        files[relative] = status
        if len(files) > MAX_FILES:
            raise BundleInvalidError(f"{root} has more than {MAX_FILES} files. Is it the bundle's own folder?")
    return files


def read_text(file: Path) -> str | None:
    """Return the file's text with its line ends as they are; None when there is no such file.

    Raises:
        EditRefusedError: the file is no UTF-8 text.
    """
    if not file.is_file():
        return None
    try:
        return file.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise EditRefusedError(f"{file.name} is no UTF-8 text; it is not edited.") from None


def text_of(file: Path) -> str | None:
    """Return the file's text with its line ends as they are; None when it is binary or larger than 1 MB."""
    if file.stat().st_size > MAX_TEXT_BYTES:
        return None
    content = file.read_bytes()
    if b"\0" in content:
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _walk(folder: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda one: one.name):
            if entry.name in SKIPPED or _is_environment(entry):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(Path(entry.path))
            else:
                yield entry


def _is_environment(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False) and (Path(entry.path) / "pyvenv.cfg").is_file()


def _require_inside(path: Path, relative: str, base: Path) -> None:
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):
        raise BundleInvalidError(f"{relative} is a symlink that leads nowhere. Remove or repair it.") from None
    if not target.is_relative_to(base):
        raise BundleInvalidError(
            f"{relative} is a symlink that leaves the bundle ({target}). Copy the file into the bundle instead."
        )
