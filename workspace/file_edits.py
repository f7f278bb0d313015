"""Applies file edits to a working copy as one step, undoes them, and writes them as a patch.

A journal is written before the first file changes. Whoever comes next after a crash rolls the half-made step back.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Protocol

from pydantic import TypeAdapter, ValidationError

from workspace.bundle_files import SKIPPED, read_text
from workspace.errors import EditRefusedError, StateError
from workspace.lock_setting import own_text, record, recorded, with_lock_enabled
from workspace.models import Model

JOURNAL = Path(".databricks", "bundleops", "edits-in-progress.json")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")


class Edit(Protocol):
    """One file before and after. An empty `before` of a file that is not there creates it."""

    @property
    def path(self) -> str:
        """Path relative to the bundle root, with forward slashes."""

    @property
    def before(self) -> str:
        """Text as it must be found."""

    @property
    def after(self) -> str:
        """Text as it will be."""


class _Step(Model):
    """One file of a step as it stands on disk; None: no file."""

    path: str
    before: str | None
    after: str | None


_STEPS = TypeAdapter(tuple[_Step, ...])


def apply_edits(root: Path, edits: Sequence[Edit]) -> None:
    """Apply all edits or none.

    Raises:
        EditRefusedError: a path leaves the root or meets a symlink, or a file does not have the text `before`.
        StateError: files cannot be written, or an interrupted step cannot be rolled back.
    """
    _change(root, [(edit.path, edit.before, edit.after) for edit in edits])


def undo_edits(root: Path, edits: Sequence[Edit]) -> None:
    """Undo all edits or none, last first; the reverse of `apply_edits` with the same errors. Created files go."""
    _change(root, [(edit.path, edit.after, edit.before) for edit in reversed(edits)])


def recover(root: Path) -> None:
    """Roll back a step that a crash interrupted; does nothing otherwise.

    Raises:
        StateError: the journal is damaged, or a file was changed by somebody else since.
    """
    file = root / JOURNAL
    if not file.is_file():
        return
    try:
        steps = _STEPS.validate_json(file.read_bytes())
    except (ValidationError, OSError) as error:
        raise StateError(
            f"{file} is not readable ({error}). Start the operation again with a new working copy."
        ) from None
    _roll_back(root, steps)
    file.unlink()


def write_patch(edits: Iterable[Edit], file: Path) -> None:
    """Write the edits as one patch that `git apply` takes in the bundle root."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(_git_diff(edit) for edit in edits), encoding="utf-8", newline="")


def _change(root: Path, changes: list[tuple[str, str, str]]) -> None:
    root = root.resolve()
    recover(root)
    if len({path for path, _, _ in changes}) != len(changes):
        raise EditRefusedError("One step names a file twice. Join the edits of one file.")
    steps = tuple(_step(root, *change) for change in changes)
    journal = root / JOURNAL
    journal.parent.mkdir(parents=True, exist_ok=True)
    _write(journal, _STEPS.dump_json(steps).decode())
    try:
        for step in steps:
            _put(root / step.path, step.after)
    except OSError as error:
        _roll_back(root, steps)
        journal.unlink()
        raise StateError(f"The edits could not be written ({error}); all files are as before.") from None
    _remember_own_text(root, changes)
    journal.unlink()


def _step(root: Path, path: str, before: str, after: str) -> _Step:
    file = _checked(root, path)
    found = own_text(root, path)
    if (found or "") != before:
        raise EditRefusedError(f"{path} is not as it was when the edit was made; nothing was changed. Diagnose again.")
    return _Step(path=path, before=read_text(file), after=_copy_text(root, path, before, after))


def _copy_text(root: Path, path: str, before: str, after: str) -> str | None:
    """What the working copy gets for the person's text `after`; the deploy lock stays enabled."""
    if not after and before:
        return None
    setting = recorded(root)
    if setting is None or setting.path != path:
        return after
    return with_lock_enabled(after, setting.target) or after


def _remember_own_text(root: Path, changes: list[tuple[str, str, str]]) -> None:
    setting = recorded(root)
    for path, _, after in changes:
        if setting is not None and path == setting.path:
            text = read_text(root / path) or ""
            record(root, setting.model_copy(update={"own_text": after, "copy_text": text}))


def _checked(root: Path, path: str) -> Path:
    pure = PurePosixPath(path)
    if not path or pure.is_absolute() or ".." in pure.parts or "\\" in path or "\0" in path or pure.parts[0] in SKIPPED:
        raise EditRefusedError(f"{path!r} is no file of the bundle. Edits stay inside the bundle root.")
    current = root
    for part in pure.parts:
        current /= part
        if current.is_symlink():
            raise EditRefusedError(f"{path} leads through a symlink ({part}). Edits do not follow symlinks.")
    if current.is_dir():
        raise EditRefusedError(f"{path} is a folder.")
    return current


def _roll_back(root: Path, steps: Sequence[_Step]) -> None:
    for step in steps:
        file = _checked(root, step.path)
        if _temporary(file).is_file():
            _temporary(file).unlink()
        found = read_text(file)
        if found == step.before:
            continue
        if found != step.after:
            raise StateError(f"{step.path} was changed while a step was interrupted. Start with a new working copy.")
        _put(file, step.before)


def _put(file: Path, text: str | None) -> None:
    if text is None:
        file.unlink(missing_ok=True)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    _write(file, text)


def _write(file: Path, text: str) -> None:
    temporary = _temporary(file)
    mode = file.stat().st_mode & 0o777 if file.exists() else 0o600
    try:
        with temporary.open("w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(mode)
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)


def _temporary(file: Path) -> Path:
    return file.with_name(f".{file.name}.bundleops-tmp")


def _git_diff(edit: Edit) -> str:
    old, new = f"a/{edit.path}", f"b/{edit.path}"
    head = f"diff --git {old} {new}\n"
    if not edit.before:
        head, old = f"{head}new file mode 100644\n", "/dev/null"
    elif not edit.after:
        head, new = f"{head}deleted file mode 100644\n", "/dev/null"
    lines = difflib.unified_diff(_LINES.findall(edit.before), _LINES.findall(edit.after), fromfile=old, tofile=new)
    return head + "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
