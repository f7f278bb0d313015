"""The workspace's files, kept as real files so that jobs can run them. No path leads out of their folder."""

from __future__ import annotations

import shutil
import zlib
from pathlib import Path
from typing import Any, Literal

from sandbox.errors import ApiError

MARKERS = {".py": "# Databricks notebook source", ".sql": "-- Databricks notebook source"}
LANGUAGES = {".py": "PYTHON", ".sql": "SQL"}


def is_notebook(path: Path) -> bool:
    """Whether a local file is a notebook: its first line is Databricks' marker."""
    marker = MARKERS.get(path.suffix)
    if marker is None or not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.readline(200).decode("utf-8", "replace").strip().removeprefix("\ufeff") == marker


class WorkspaceFiles:
    """`/Workspace` below a local folder. `/Workspace/Users/x` and `/Users/x` are the same path."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def local(self, path: str) -> Path:
        """The local place of a workspace path, whether something is there or not."""
        if not path.startswith("/") or "\0" in path:
            raise ApiError.invalid(f"Path ({path}) is invalid: it must be absolute.")
        parts = [part for part in path.split("/") if part not in {"", "."}]
        if ".." in parts:
            raise ApiError.invalid(f"Path ({path}) is invalid: it must not contain '..'.")
        if parts[:1] == ["Workspace"]:
            parts = parts[1:]
        place = self.root.joinpath(*parts)
        if not place.resolve().is_relative_to(self.root):
            raise ApiError.invalid(f"Path ({path}) is invalid: it leads out of the workspace.")
        return place

    def find(self, path: str) -> Path | None:
        """The local file or folder of an object; a notebook is known by its name without extension."""
        place = self.local(path)
        if place.exists() and not is_notebook(place):
            return place
        for suffix in MARKERS:
            candidate = place.with_name(place.name + suffix) if place.name else place
            if is_notebook(candidate):
                return candidate
        return None

    def require(self, path: str) -> Path:
        """As find, but its absence is an error."""
        found = self.find(path)
        if found is None:
            raise ApiError.missing(f"Path ({path}) doesn't exist.")
        return found

    def source(self, path: str, *, notebook: bool) -> Path | None:
        """The local file that a task names, if it is there and of the right type."""
        if not path.startswith("/"):
            return None
        found = self.find(path)
        if found is None or not found.is_file():
            return None
        return found if is_notebook(found) == notebook or not notebook else None

    def status(self, path: str) -> dict[str, Any]:
        """An object as `workspace/get-status` shows it."""
        return self._describe(self.require(path))

    def listing(self, path: str) -> list[dict[str, Any]]:
        """Objects directly below a folder; a file lists itself."""
        place = self.require(path)
        if place.is_file():
            return [self._describe(place)]
        return [self._describe(child) for child in sorted(place.iterdir())]

    def make_folder(self, path: str) -> None:
        """Make a folder and its parents."""
        place = self.local(path)
        try:
            place.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise ApiError(400, "RESOURCE_ALREADY_EXISTS", f"Path ({path}) or a parent of it is a file.") from error

    def write(self, path: str, content: bytes, *, overwrite: bool) -> None:
        """Write a file into a folder that exists."""
        place = self.local(path)
        if not place.parent.is_dir():
            raise ApiError.missing(f"The parent folder ({self.name_of(place.parent)}) does not exist.")
        if place.is_dir():
            raise ApiError.invalid(f"Path ({path}) is a folder.")
        try:
            with place.open("wb" if overwrite else "xb") as stream:
                stream.write(content)
        except FileExistsError as error:
            raise ApiError.exists(f"Path ({path}) already exists.") from error

    def delete(self, path: str, *, recursive: bool) -> None:
        """Delete a file or a folder."""
        place = self.find(path) or self.local(path)
        if not place.exists():
            raise ApiError.missing(f"Path ({path}) doesn't exist.")
        if place == self.root:
            raise ApiError.invalid("The root folder cannot be deleted.")
        if place.is_file():
            place.unlink()
        elif recursive:
            shutil.rmtree(place)
        elif any(place.iterdir()):
            raise ApiError(400, "DIRECTORY_NOT_EMPTY", f"Folder ({path}) is not empty.")
        else:
            place.rmdir()

    def name_of(self, place: Path) -> str:
        """The workspace path of a local file or folder, as the API writes it."""
        name = "/" + place.relative_to(self.root).as_posix()
        return name.removesuffix(place.suffix) if is_notebook(place) else name

    def expand(self, pattern: str) -> list[Path]:
        """Files that a pipeline's glob names: a file, or a folder followed by `/**`."""
        folder = self.local(pattern.removesuffix("**").rstrip("/") or "/")
        if not pattern.endswith("**"):
            return [folder] if folder.is_file() else []
        return sorted(place for place in folder.rglob("*") if place.suffix in {".py", ".sql"} and place.is_file())

    def _describe(self, place: Path) -> dict[str, Any]:
        facts = place.stat()
        kind: Literal["NOTEBOOK", "FILE", "DIRECTORY"]
        kind = "NOTEBOOK" if is_notebook(place) else "FILE" if place.is_file() else "DIRECTORY"
        shown: dict[str, Any] = {
            "object_type": kind,
            "path": self.name_of(place),
            "object_id": _object_id(place),
            "resource_id": str(_object_id(place)),
        }
        if kind != "DIRECTORY":
            shown |= {
                "created_at": int(facts.st_ctime * 1000),
                "modified_at": int(facts.st_mtime * 1000),
                "size": facts.st_size,
            }
        if kind == "NOTEBOOK":
            shown |= {"language": LANGUAGES[place.suffix], "repos_export_format": "SOURCE"}
        return shown


def _object_id(place: Path) -> int:
    """Stable for a path, and large as real ids are."""
    text = str(place).encode()
    return (zlib.crc32(text) << 30 | zlib.adler32(text) & (2**30 - 1)) + 10**15
