"""What `validate` and `summary` print."""

from __future__ import annotations

import json
from typing import Any

from sandbox.standin.bundle import Bundle
from sandbox.standin.diagnostics import verdict
from sandbox.standin.kinds import KINDS
from sandbox.standin.node import Node, Path, dotted
from sandbox.standin.references import REFERENCE, steps_of

_RESOURCE = ("resources", "jobs", "j")
_TASK = (*_RESOURCE, "tasks", 0)
_SHOWN = ("artifacts", "bundle", "experimental", "include", "permissions", "presets", "resources", "run_as", "sync")


def report(bundle: Bundle) -> None:
    """Write the findings to stderr."""
    for diagnostic in bundle.diagnostics:
        bundle.call.err.write(str(diagnostic))
    bundle.call.err.flush()


def header(bundle: Bundle) -> str:
    """Return name, target and workspace, as far as they are known."""
    lines = [f"Name: {bundle.name}"] if bundle.name else []
    if bundle.target:
        lines.append(f"Target: {bundle.target}")
    if bundle.user:
        lines += ["Workspace:", f"  User: {bundle.user['userName']}"]
        if bundle.remote("root"):
            lines.append(f"  Path: {bundle.remote('root')}")
    return "".join(f"{line}\n" for line in lines)


def validation(bundle: Bundle) -> str:
    """Return the text of `bundle validate`."""
    space = "" if bundle.root is None else "\n"
    return f"{header(bundle)}{space}{verdict(bundle.diagnostics)}\n"


def as_json(document: Any) -> str:
    """Write JSON as the official CLI does."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def sorted_json(document: Any) -> str:
    """Write JSON with its keys in order."""
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def configuration(bundle: Bundle) -> dict[str, Any]:
    """Return the resolved configuration."""
    plain = bundle.config.plain()
    shown = {key: plain[key] for key in (*_SHOWN, "variables", "workspace") if plain.get(key)}
    return {key: value for key, value in shown.items() if value != {}}


def locations(bundle: Bundle) -> dict[str, Any]:
    """Return where each value was written: an index into `files`, line and column."""
    nodes = ((path, node) for path, node in bundle.config.walk() if _is_located(path))
    places = {dotted(path): node.location for path, node in nodes if node.location.file}
    files = sorted({place.file for place in places.values()})
    found = {path: [[files.index(at.file), at.line, at.column]] for path, at in sorted(places.items())}
    return {"files": files, "version": 1, "locations": found}


def _is_located(path: Path) -> bool:
    """Tell whether places are shown: of top-level keys, of resources and of the tasks of jobs."""
    if path[:1] != ("resources",):
        return len(path) == 1
    return len(path) <= len(_RESOURCE) or (path[1] == "jobs" and path[3] == "tasks" and len(path) <= len(_TASK))


def summary(bundle: Bundle, ids: dict[str, str]) -> str:
    """Return the text of `bundle summary`."""
    lines = ["Resources:"]
    groups: dict[str, list[tuple[str, Node]]] = {}
    for kind, name, node in bundle.resources():
        groups.setdefault(kind, []).append((name, node))
    for kind, members in groups.items():
        lines.append(f"  {KINDS[kind].title if kind in KINDS else kind.replace('_', ' ').title()}:")
        for name, node in members:
            url = resource_url(bundle, kind, ids.get(f"resources.{kind}.{name}"))
            lines += [f"    {name}:", f"      Name: {node.plain('name')}", f"      URL:  {url or '(not deployed)'}"]
    return header(bundle) + "".join(f"{line}\n" for line in (lines if groups else []))


def summary_json(bundle: Bundle, ids: dict[str, str]) -> dict[str, Any]:
    """Return the configuration with the ids and URLs of what is deployed."""
    document = configuration(bundle)
    for kind, name, _ in bundle.resources():
        entry, remote_id = document["resources"][kind][name], ids.get(f"resources.{kind}.{name}")
        if kind == "volumes":
            entry["volume_path"] = _volume_path(bundle, entry)
        if remote_id is None:
            entry["modified_status"] = "created"
        else:
            entry |= {"id": remote_id, "url": resource_url(bundle, kind, remote_id)}
    return document


def _volume_path(bundle: Bundle, volume: dict[str, Any]) -> str:
    """Return where a volume's files are; a reference to a schema's name is followed."""
    schema = str(volume.get("schema_name") or "")
    whole = REFERENCE.fullmatch(schema)
    if whole is not None:
        schema = str(bundle.config.plain(*steps_of(whole.group(1)), default=schema))
    return f"/Volumes/{volume.get('catalog_name')}/{schema}/{volume.get('name')}"


def resource_url(bundle: Bundle, kind: str, remote_id: str | None) -> str:
    """Return the page of a deployed resource, or nothing."""
    if remote_id is None or kind not in KINDS:
        return ""
    return f"{bundle.client.host}/{KINDS[kind].page(remote_id)}?w={bundle.client.workspace_id}"
