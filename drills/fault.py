"""Faults as data: what a person did wrong to a bundle, and how an operation on it should end."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

FAULTS = Path(__file__).parent / "faults"
MAX_BYTES = 64 * 1024

Text = Annotated[str, Field(min_length=1)]


class FaultError(ValueError):
    """A fault cannot be read, or does not fit the bundle it is applied to."""


class Edit(BaseModel):
    """Replace the one place in a file where `find` stands."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Text
    """Relative to the bundle's root."""
    find: Text
    replace: str


class Fault(BaseModel):
    """One fault."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Text
    """Stem of the file that holds it."""
    title: Text
    mistake: Text
    """What a person did wrong, in a sentence or two."""
    edits: Annotated[tuple[Edit, ...], Field(min_length=1)]
    code: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    """Code of the error pattern that the first diagnosis should name."""
    end: Literal["verified", "escalated"]
    """How the operation should end when every safe fix may be applied."""


def load_faults(folder: Path = FAULTS) -> tuple[Fault, ...]:
    """Return every fault of a folder, in the order of their names.

    Raises:
        FaultError: a file is no fault; the message names file and field.
    """
    return tuple(load_fault(file) for file in sorted(folder.glob("*.yaml")))


def load_fault(file: Path) -> Fault:
    """Return the fault that a file describes.

    Raises:
        FaultError: it is none; the message names file and field.
    """
    try:
        return Fault.model_validate({**_document(file), "name": file.stem})
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise FaultError(f"{file}: {field}: {first['msg']}") from error


def apply_fault(fault: Fault, bundle_dir: Path) -> tuple[Path, ...]:
    """Put the fault into a bundle and return the changed files; nothing is written unless every edit fits.

    Raises:
        FaultError: an edit does not fit the bundle; the message names file and text.
    """
    texts: dict[Path, str] = {}
    for edit in fault.edits:
        file = _file_of(fault, edit, bundle_dir)
        texts[file] = _edited(fault, edit, texts[file] if file in texts else file.read_text(encoding="utf-8"))
    for file, text in texts.items():
        file.write_text(text, encoding="utf-8")
    return tuple(texts)


def _document(file: Path) -> dict[str, Any]:
    if file.stat().st_size > MAX_BYTES:
        raise FaultError(f"{file}: larger than {MAX_BYTES} bytes")
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise FaultError(f"{file}: not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict):
        raise FaultError(f"{file}: expected a mapping with title, mistake, edits, code and end")
    return document


def _file_of(fault: Fault, edit: Edit, bundle_dir: Path) -> Path:
    root = bundle_dir.resolve()
    file = (root / edit.path).resolve()
    if not file.is_relative_to(root):
        raise FaultError(f"{fault.name}: {edit.path} lies outside of the bundle {bundle_dir}")
    if not file.is_file():
        raise FaultError(f"{fault.name}: the bundle {bundle_dir} has no file {edit.path}")
    return file


def _edited(fault: Fault, edit: Edit, text: str) -> str:
    found = text.count(edit.find)
    if found != 1:
        first_line = edit.find.strip().splitlines()[0].strip()
        raise FaultError(f"{fault.name}: text to find in {edit.path} occurs {found} times, not once: {first_line!r}")
    return text.replace(edit.find, edit.replace)
