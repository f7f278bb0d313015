"""What was deployed: resources.json in the workspace, its copy in the working copy, and the write-ahead log."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

from sandbox.standin.bundle import Bundle
from sandbox.standin.diagnostics import BundleError
from sandbox.standin.http import ApiError
from sandbox.standin.versions import CLI_VERSION

STATE_VERSION = 2


@dataclass
class Entry:
    """One deployed resource."""

    remote_id: str
    config: dict[str, Any]
    depends_on: list[dict[str, str]] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """Return the entry as it is stored."""
        depends = {"depends_on": self.depends_on} if self.depends_on else {}
        return {"__id__": self.remote_id, "state": self.config, **depends}


@dataclass
class State:
    """All deployed resources of a target."""

    lineage: str = ""
    serial: int = 0
    entries: dict[str, Entry] = field(default_factory=dict)
    deployment: dict[str, Any] = field(default_factory=dict)
    """The record of uploaded files (deployment.json)."""

    is_ahead: bool = False
    """Whether the working copy knows more than the workspace."""

    @property
    def exists(self) -> bool:
        """Tell whether anything was ever deployed."""
        return bool(self.lineage)

    @property
    def ids(self) -> dict[str, str]:
        """Return the id of every deployed resource by its key."""
        return {key: entry.remote_id for key, entry in self.entries.items()}

    def document(self) -> dict[str, Any]:
        """Return the state as it is stored."""
        return {
            "state_version": STATE_VERSION,
            "cli_version": CLI_VERSION,
            "lineage": self.lineage,
            "serial": self.serial,
            "state": {key: entry.document() for key, entry in sorted(self.entries.items())},
        }


def pull(bundle: Bundle, *, with_files: bool = False) -> State:
    """Read the state from the workspace and the working copy; the newer one counts."""
    found = _download_all(bundle, ["terraform.tfstate", "resources.json"])
    if found["terraform.tfstate"] is not None:
        raise BundleError("the target was deployed with the terraform engine, which the stand-in does not have")
    remote = _parse(found["resources.json"], "resources.json")
    state = _recover(bundle, _newer(bundle, remote, _local(bundle)))
    state.is_ahead = state.serial > (remote.serial if remote else 0)
    if with_files:
        state.deployment = json.loads(_download(bundle, "deployment.json") or b"{}")
    if state.exists:
        _write_local(bundle, state)
    return state


def read_local_or_pull(bundle: Bundle) -> State:
    """Read the state of the working copy; only a fresh one asks the workspace."""
    state = _local(bundle)
    return pull(bundle) if state is None else _recover(bundle, state)


class Journal:
    """Records what a deploy has done, so that a killed one can be continued from the same working copy."""

    def __init__(self, bundle: Bundle, state: State) -> None:
        self._bundle = bundle
        self.state = state
        self.changed = False
        state.lineage = state.lineage or str(uuid.uuid4())

    def put(self, key: str, entry: Entry) -> None:
        """Record a resource that was made or changed."""
        self.state.entries[key] = entry
        self._append({"k": key, "v": entry.document()})

    def drop(self, key: str) -> None:
        """Record a resource that was deleted."""
        self.state.entries.pop(key, None)
        self._append({"k": key, "v": None})

    def finish(self) -> None:
        """Turn the log into the next state, here and in the workspace."""
        if not self.changed and not self.state.is_ahead:
            return
        self.state.serial += self.changed
        _write_local(self._bundle, self.state)
        _wal(self._bundle).unlink(missing_ok=True)
        upload(self._bundle, "resources.json", self.state.document())

    def _append(self, line: dict[str, Any]) -> None:
        path = _wal(self._bundle)
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [] if path.exists() else [{"lineage": self.state.lineage, "serial": self.state.serial + 1}]
        with path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(item) + "\n" for item in [*lines, line])
        self.changed = True


def upload(bundle: Bundle, name: str, document: dict[str, Any]) -> None:
    """Write a document to the state folder of the workspace."""
    content = json.dumps(document, indent=2).encode()
    path = f"{bundle.remote('state')}/{name}"
    try:
        bundle.client.import_file(path, content, overwrite=True)
    except ApiError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        bundle.client.mkdirs(bundle.remote("state"))
        bundle.client.import_file(path, content, overwrite=True)


def _download_all(bundle: Bundle, names: list[str]) -> dict[str, bytes | None]:
    """Download the files of the state; each that cannot be read is told of, the last as the command's own error."""
    found: dict[str, bytes | None] = {}
    errors: list[BundleError] = []
    for name in names:
        try:
            found[name] = _download(bundle, name)
        except BundleError as error:
            errors.append(error)
    for other in errors[:-1]:
        bundle.call.err.write(str(other.diagnostic()))
    if errors:
        raise errors[-1]
    return found


def _download(bundle: Bundle, name: str) -> bytes | None:
    path = f"{bundle.remote('state')}/{name}"
    try:
        return bundle.client.export(path) if bundle.client.status(path, export_info=True) else None
    except ApiError as error:
        raise error.within(f"reading {name}: opening") from error


def _parse(content: bytes | str | None, name: str) -> State | None:
    if content is None:
        return None
    try:
        document = json.loads(content)
        entries = {
            key: Entry(item["__id__"], item.get("state") or {}, item.get("depends_on") or [])
            for key, item in (document.get("state") or {}).items()
        }
        return State(str(document["lineage"]), int(document["serial"]), entries)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BundleError(f"reading {name}: not a state of the direct engine: {error!r}") from error


def _local(bundle: Bundle) -> State | None:
    path = bundle.local_state / "resources.json"
    return _parse(path.read_text(encoding="utf-8"), str(path)) if path.is_file() else None


def _write_local(bundle: Bundle, state: State) -> None:
    path = bundle.local_state / "resources.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(state.document(), indent=2), encoding="utf-8")
    temporary.replace(path)


def _wal(bundle: Bundle) -> Path:
    return bundle.local_state / "resources.json.wal"


def _newer(bundle: Bundle, remote: State | None, local: State | None) -> State:
    if remote is None or local is None:
        return remote or local or State()
    if remote.lineage != local.lineage:
        raise BundleError(
            "lineage mismatch in state files",
            "Available state files:\n- resources.json: remote direct state "
            f'serial={remote.serial} lineage="{remote.lineage}"\n'
            f"- {bundle.local_state / 'resources.json'}: local direct state "
            f'serial={local.serial} lineage="{local.lineage}"',
        )
    return local if local.serial > remote.serial else remote


def _recover(bundle: Bundle, state: State) -> State:
    head, *lines = _complete_lines(_wal(bundle)) or [{}]
    if not head:
        return state
    if state.exists and head["lineage"] != state.lineage:
        raise BundleError(
            f"reading state from {bundle.local_state / 'resources.json'}: WAL recovery failed: "
            f'WAL lineage ("{head["lineage"]}") does not match state lineage ("{state.lineage}")'
        )
    if state.exists and head["serial"] != state.serial + 1:
        _wal(bundle).unlink()  # a later deploy from elsewhere has replaced what it records
        return state
    state.lineage = head["lineage"]
    for line in lines:
        if line["v"] is None:
            state.entries.pop(line["k"], None)
        else:
            item = line["v"]
            state.entries[line["k"]] = Entry(item["__id__"], item["state"], item.get("depends_on") or [])
    state.serial = head["serial"]
    _write_local(bundle, state)
    _wal(bundle).unlink()
    return state


def _complete_lines(path: Path) -> list[dict[str, Any]]:
    """Return the log up to the first line that a killed deploy left incomplete, and drop the rest from the file."""
    if not path.is_file():
        return []
    text = path.read_text(encoding="utf-8", errors="replace")
    kept = ""
    found: list[dict[str, Any]] = []
    for line in text.splitlines(keepends=True):
        document = _document(line) if line.endswith("\n") else None
        if document is None or not document.keys() >= ({"k", "v"} if found else {"lineage", "serial"}):
            break
        kept += line
        found.append(document)
    if not found:
        path.unlink()
    elif kept != text:  # what is appended next must begin on a line of its own
        path.write_text(kept, encoding="utf-8")
    return found


def _document(line: str) -> dict[str, Any] | None:
    try:
        document = json.loads(line)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None
