"""Turns the CLI's deploy lock on in a working copy, and remembers what the person's own file says.

Development mode turns that lock off, and two deploys at once then create every job twice. The setting is ours, not the
bundle's: whoever reads or edits the file through a working copy sees the person's text, and lines are counted there.
"""

from __future__ import annotations

import difflib
import glob
import io
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml.comments import CommentedMap

from workspace.bundle_files import config_file, main_document, read_text, text_of
from workspace.errors import StateError
from workspace.models import Model, SourceLocation
from workspace.yaml_text import read_for_editing

RECORD = Path(".databricks", "bundleops", "lock-setting.json")


class LockSetting(Model):
    """The one file of a working copy that differs from the person's."""

    target: str
    path: str
    own_text: str
    """Text of the person's file."""
    copy_text: str
    """Text in the working copy."""


def enable_lock(copy: Path, target: str) -> str | None:
    """Enable the deploy lock for the target, record it, and return the file that now says so.

    A bundle that does not declare the target, or whose files cannot be read here, stays as it is: None.
    """
    for file in _config_files(copy):
        path = file.relative_to(copy).as_posix()
        own = own_text(copy, path) if text_of(file) is not None else None
        locked = with_lock_enabled(own, target) if own is not None else None
        if own is None or locked is None:
            continue
        record(copy, LockSetting(target=target, path=path, own_text=own, copy_text=locked))
        if read_text(file) != locked:
            file.write_text(locked, encoding="utf-8", newline="")
        return path
    (copy / RECORD).unlink(missing_ok=True)
    return None


def own_text(copy: Path, path: str) -> str | None:
    """Return a file's text as the person has it; None when there is no such file."""
    text = read_text(copy / path)
    setting = recorded(copy)
    return setting.own_text if setting and setting.path == path and setting.copy_text == text else text


def record(copy: Path, setting: LockSetting) -> None:
    """Remember the setting beside the CLI's own records, which are never uploaded."""
    (copy / RECORD).parent.mkdir(parents=True, exist_ok=True)
    temporary = (copy / RECORD).with_suffix(".tmp")
    temporary.write_text(setting.model_dump_json(), encoding="utf-8")
    temporary.replace(copy / RECORD)


def recorded(copy: Path) -> LockSetting | None:
    """Return the recorded setting, None when the folder has none.

    Raises:
        StateError: the record is damaged.
    """
    file = copy / RECORD
    if not file.is_file():
        return None
    try:
        return LockSetting.model_validate_json(file.read_text(encoding="utf-8"))
    except (ValidationError, ValueError, OSError) as error:
        raise StateError(f"{file} is not readable ({error}). Delete it and start the operation again.") from None


def with_lock_enabled(text: str, target: str) -> str | None:
    """Return the text with the lock enabled for the target.

    None when the text does not declare the target, or is not as a bundle's file is: the CLI names the fault's place
    better than we could.
    """
    document, yaml = read_for_editing(text)
    targets = document.get("targets") if isinstance(document, CommentedMap) else None
    if not isinstance(targets, CommentedMap) or target not in targets:
        return None
    node: Any = targets
    for key in (target, "bundle", "deployment", "lock"):
        if node.get(key) is None:
            node[key] = CommentedMap()
        node = node[key]
        if not isinstance(node, CommentedMap):
            return None
    if node.get("enabled") is True:
        return text
    node["enabled"] = True
    stream = io.StringIO()
    yaml.dump(document, stream)
    return stream.getvalue()


def own_location(copy: Path, location: SourceLocation) -> SourceLocation:
    """Return where a place in the working copy stands in the person's file."""
    setting = recorded(copy)
    if setting is None or location.line is None or location.path != setting.path:
        return location
    before, after = setting.own_text.splitlines(), setting.copy_text.splitlines()
    index = location.line - 1
    for block in difflib.SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks():
        if block.b <= index < block.b + block.size:
            return location.model_copy(update={"line": block.a + index - block.b + 1})
    return location.model_copy(update={"line": None, "column": None})


def _config_files(copy: Path) -> list[Path]:
    document = main_document(copy)
    patterns = document.get("include") if isinstance(document, dict) else None
    names = [one for one in patterns if isinstance(one, str)] if isinstance(patterns, list) else []
    return [config_file(copy), *(file for name in names for file in _matching(copy, name))]


def _matching(copy: Path, pattern: str) -> list[Path]:
    """Return the files of one include, as the CLI finds them: `**` means no more than `*` there."""
    if Path(pattern).is_absolute() or ".." in Path(pattern).parts or "\0" in pattern:
        return []
    # Path.glob raises for an empty pattern and for `**` beside other letters.
    found = (copy / name for name in glob.glob(pattern, root_dir=copy))  # noqa: PTH207 - see above
    return sorted(file for file in found if file.is_file() and not file.is_symlink())
