"""Turns the JSON of `bundle validate` into a ResolvedBundle, with ids and URLs from the JSON of `bundle summary`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from workspace.errors import BundleInvalidError
from workspace.lock_setting import own_location
from workspace.models import ResolvedBundle, Resource, SourceLocation

Json = Mapping[str, Any]


def resolved_bundle(document: Json, folder: Path, summary: Json | None = None) -> ResolvedBundle:
    """Return the bundle as resolved for one target.

    Args:
        document: JSON of `bundle validate`, best with `--include-locations`.
        folder: bundle root of the working copy.
        summary: JSON of `bundle summary`; without it resources have no id and no URL.

    Raises:
        BundleInvalidError: the document lacks what every resolved bundle has.
    """
    bundle, workspace = document.get("bundle") or {}, document.get("workspace") or {}
    if not bundle.get("name") or not bundle.get("target") or not workspace.get("root_path"):
        raise BundleInvalidError(
            f"The bundle in {folder} was not resolved: name, target or root path is missing. See what validate reports."
        )
    return ResolvedBundle(
        name=bundle["name"],
        target=bundle["target"],
        mode=bundle.get("mode"),
        root=str(folder),
        remote_root=workspace["root_path"],
        file_root=workspace.get("file_path") or f"{workspace['root_path']}/files",
        state_root=workspace.get("state_path") or f"{workspace['root_path']}/state",
        host=workspace.get("host") or "",
        user=(workspace.get("current_user") or {}).get("userName") or "",
        variables={name: _value(variable) for name, variable in (document.get("variables") or {}).items()},
        resources=tuple(_resources(document, summary or {}, folder)),
    )


def with_known_ids(bundle: ResolvedBundle, before: ResolvedBundle) -> ResolvedBundle:
    """Return the bundle with ids and URLs of its earlier form: validate does not tell what is deployed already."""
    known = {resource.key: {"id": resource.id, "url": resource.url} for resource in before.resources}
    resources = tuple(resource.model_copy(update=known.get(resource.key, {})) for resource in bundle.resources)
    return bundle.model_copy(update={"resources": resources})


def location_of(document: Json, config_path: str, folder: Path) -> SourceLocation | None:
    """Return where a configuration path is declared, from `__locations`: the first place, targets change it later."""
    table = document.get("__locations") or {}
    places = (table.get("locations") or {}).get(config_path)
    if not places:
        return None
    index, line, column = places[0]
    path = Path(table["files"][index])
    relative = path.relative_to(folder) if path.is_absolute() and path.is_relative_to(folder) else path
    return own_location(folder, SourceLocation(path=relative.as_posix(), line=line, column=column))


def _resources(document: Json, summary: Json, folder: Path) -> Iterator[Resource]:
    deployed = summary.get("resources") or {}
    for kind, entries in (document.get("resources") or {}).items():
        for name, config in (entries or {}).items():
            known = (deployed.get(kind) or {}).get(name) or {}
            yield Resource(
                key=f"{kind}.{name}",
                type=kind,
                name=_display_name(config or {}, name),
                config=config or {},
                id=str(known["id"]) if known.get("id") else None,
                url=known.get("url") if known.get("id") else None,
                location=location_of(document, f"resources.{kind}.{name}", folder),
            )


def _display_name(config: Json, key: str) -> str:
    for field in ("name", "display_name", "title", "table_name"):
        if isinstance(config.get(field), str) and config[field]:
            return str(config[field])
    return key


def _value(variable: Any) -> Any:
    if not isinstance(variable, Mapping):
        return variable
    return variable.get("value", variable.get("default"))
