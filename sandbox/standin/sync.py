"""Uploads the files of the bundle that have changed, and removes those that are gone."""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sandbox.standin.bundle import Bundle
from sandbox.standin.diagnostics import BundleError
from sandbox.standin.http import ApiError
from sandbox.standin.ignore import Patterns
from sandbox.standin.localfiles import is_notebook
from sandbox.standin.state import State, upload
from sandbox.standin.versions import CLI_VERSION

_NEVER = {".databricks", ".git"}


def ensure_remote_files_folder(bundle: Bundle) -> None:
    """Make the folder of the bundle's files where there is none."""
    folder = bundle.remote("file")
    if bundle.client.status(folder) is None:
        bundle.client.mkdirs(folder)
        bundle.client.status(folder)


def upload_files(bundle: Bundle, state: State) -> tuple[int, int]:
    """Bring the workspace to the files of the working copy; returns how many were uploaded and deleted."""
    ensure_remote_files_folder(bundle)
    record = state.deployment
    before = _uploaded(bundle, record)
    files = {name: _digest(bundle.folder / name) for name in _listed(bundle)}
    changed = [name for name, digest in files.items() if before.get(name) != digest]
    gone = sorted(set(before) - set(files))
    known_folders = {posixpath.dirname(name) for name in before}
    for folder in sorted({posixpath.dirname(name) for name in changed} - known_folders - {""}):
        bundle.client.mkdirs(f"{bundle.remote('file')}/{folder}")
    notebooks = {item["local_path"]: bool(item.get("is_notebook")) for item in record.get("files") or []}
    for name in gone:
        bundle.client.remove(_remote_path(bundle, name, notebook=notebooks.get(name, False)))
    for name in changed:
        _upload(bundle, name)
    state.deployment = _record(bundle, record, files)
    _remember(bundle, state.deployment, files)
    upload(bundle, "deployment.json", state.deployment)
    return len(changed), len(gone)


def _upload(bundle: Bundle, name: str) -> None:
    content = (bundle.folder / name).read_bytes()
    try:
        bundle.client.import_file(f"{bundle.remote('file')}/{name}", content, overwrite=True)
    except ApiError as error:
        raise error.within(f"cannot upload {name}") from error


def _remote_path(bundle: Bundle, name: str, *, notebook: bool) -> str:
    return f"{bundle.remote('file')}/{posixpath.splitext(name)[0] if notebook else name}"


def _listed(bundle: Bundle) -> list[str]:
    sync = bundle.config.plain("sync", default={}) or {}
    include, exclude = Patterns(sync.get("include") or []), Patterns(sync.get("exclude") or [])
    roots = [posixpath.normpath(path) for path in sync.get("paths") or ["."]]
    names = []
    for name, ignored in _walk(bundle.folder):
        inside = any(root in {".", name} or name.startswith(f"{root}/") for root in roots)
        if ((inside and not ignored) or include.match(name)) and not exclude.match(name):
            names.append(name)
    return sorted(names)


def _walk(root: Path) -> Iterator[tuple[str, bool]]:
    """Yield every file with whether a .gitignore above it leaves it out."""
    rules: list[tuple[str, Patterns]] = []
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _NEVER)
        base = Path(folder).relative_to(root).as_posix()
        prefix = "" if base == "." else f"{base}/"
        if ".gitignore" in files:
            text = (Path(folder) / ".gitignore").read_text(encoding="utf-8", errors="replace")
            rules.append((prefix, Patterns(text.splitlines())))
        for name in sorted(files):
            path = prefix + name
            ignored = any(path.startswith(top) and patterns.match(path.removeprefix(top)) for top, patterns in rules)
            yield path, ignored


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise BundleError(f"cannot read {path}: {error.strerror}") from error


def _snapshot(bundle: Bundle) -> Path:
    return bundle.local_state / "sync-snapshots" / "files.json"


def _uploaded(bundle: Bundle, record: dict[str, Any]) -> dict[str, str]:
    """Return the digests of what is in the workspace; empty ones where this working copy did not upload it."""
    names = dict.fromkeys((item["local_path"] for item in record.get("files") or []), "")
    path = _snapshot(bundle)
    if not path.is_file():
        return names
    known = json.loads(path.read_text(encoding="utf-8"))
    is_current = (known["id"], known["seq"]) == (record.get("id"), record.get("seq"))
    return known["digests"] if is_current else names


def _record(bundle: Bundle, before: dict[str, Any], files: dict[str, str]) -> dict[str, Any]:
    return {
        "version": 1,
        "seq": int(before.get("seq") or 0) + 1,
        "cli_version": CLI_VERSION,
        "timestamp": datetime.now(UTC).isoformat(),
        "files": [{"local_path": name, "is_notebook": is_notebook(bundle.folder / name)} for name in files],
        "id": before.get("id") or str(uuid.uuid4()),
    }


def _remember(bundle: Bundle, record: dict[str, Any], files: dict[str, str]) -> None:
    path = _snapshot(bundle)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"id": record["id"], "seq": record["seq"], "digests": files}), encoding="utf-8")
