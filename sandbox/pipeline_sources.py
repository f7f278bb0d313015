"""From a pipeline's specification to a request for compute: libraries are looked up, globs expanded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sandbox.compute import UpdateRequest
from sandbox.errors import ApiError
from sandbox.files import WorkspaceFiles
from sandbox.pipeline_records import PipelineRecord, UpdateRecord


def checked_spec(spec: dict[str, Any]) -> dict[str, Any]:
    """The specification, or the API's refusal."""
    if not spec.get("name"):
        raise ApiError.invalid("The pipeline name must not be empty.")
    for library in spec.get("libraries") or ():
        _library(library)
    return spec


class PipelineSources:
    """Finds the sources of pipelines among the workspace's files."""

    def __init__(self, files: WorkspaceFiles, storage: Path, *, needed: bool) -> None:
        self._files, self._storage, self._needed = files, storage, needed

    def request(self, pipeline: PipelineRecord, update: UpdateRecord) -> UpdateRequest:
        """What compute is asked to do for an update."""
        spec = pipeline.spec
        storage = self._storage / pipeline.pipeline_id
        storage.mkdir(parents=True, exist_ok=True)
        return UpdateRequest(
            pipeline_id=pipeline.pipeline_id,
            update_id=update.update_id,
            name=pipeline.name,
            catalog=str(spec.get("catalog") or "main"),
            schema=str(spec.get("schema") or spec.get("target") or "default"),
            libraries=tuple(self._libraries(spec)),
            workspace_root=self._files.root,
            root_path=spec.get("root_path"),
            configuration={name: str(value) for name, value in (spec.get("configuration") or {}).items()},
            dependencies=tuple((spec.get("environment") or {}).get("dependencies") or ()),
            full_refresh=update.full_refresh,
            refresh_selection=update.refresh_selection,
            full_refresh_selection=update.full_refresh_selection,
            validate_only=update.validate_only,
            storage=storage,
        )

    def _libraries(self, spec: dict[str, Any]) -> list[tuple[Path, str]]:
        found: list[tuple[Path, str]] = []
        for library in spec.get("libraries") or ():
            kind, path = _library(library)
            places = self._files.expand(path) if kind == "glob" else [self._files.find(path)]
            present = [place for place in places if place is not None and place.is_file()]
            if self._needed and not present:
                raise ApiError.missing(f"Unable to find the source '{path}' of the pipeline in the workspace.")
            found.extend((place, path if kind != "glob" else self._name(place)) for place in present)
        return found

    def _name(self, place: Path) -> str:
        return f"/Workspace{self._files.name_of(place)}"


def _library(library: dict[str, Any]) -> tuple[str, str]:
    for kind, field in (("file", "path"), ("notebook", "path"), ("glob", "include")):
        path = (library.get(kind) or {}).get(field)
        if path:
            return kind, str(path)
    raise ApiError.invalid(f"A library of a pipeline must be a file, a notebook or a glob, but is {sorted(library)}.")
