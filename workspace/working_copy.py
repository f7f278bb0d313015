"""The operation's own copy of a bundle: one for each bundle, target and host, kept between operations.

It is kept because a killed deploy has its write-ahead log only in the copy's `.databricks` folder.
"""

from __future__ import annotations

import filecmp
import hashlib
import os
import re
import shutil
import stat
from pathlib import Path

import filelock
from pydantic import TypeAdapter, ValidationError

from workspace.bundle_files import MAX_ALL_TEXT_BYTES, find_bundle, list_files, main_document, text_of
from workspace.errors import StateError, UsageError
from workspace.file_edits import JOURNAL, apply_edits, recover, undo_edits, write_patch
from workspace.lock_setting import enable_lock, own_text

__all__ = ["apply_edits", "copy_folder", "find_bundle", "prepare", "read_text_files", "undo_edits", "write_patch"]

PREPARE_WAIT_SECONDS = 60
_Stamp = tuple[int, int, int, int]
"""Size and time of the person's file, size and time of ours, as of the last copying."""
_STAMPS_SUFFIX = ".files.json"
_STAMPS = TypeAdapter(dict[str, _Stamp])


def copy_folder(bundle_root: Path, copies_dir: Path, target: str, host: str) -> Path:
    """Return where the working copy of this bundle, target and host stands; it may not exist yet."""
    return copies_dir.resolve() / _folder_name(bundle_root.resolve(), target, host)


def prepare(bundle_root: Path, copies_dir: Path, target: str, host: str) -> Path:
    """Bring the working copy up to the person's checkout and return its folder.

    Files that did not change are not written, so that the CLI uploads changed ones only. The deploy lock is on in it.

    Raises:
        BundleInvalidError: the bundle cannot be copied (symlinks that leave it, too large, too many files).
        UsageError: the copies would stand inside the bundle.
        StateError: the copy cannot be written.
    """
    root = bundle_root.resolve()
    if copies_dir.resolve().is_relative_to(root):
        raise UsageError(f"{copies_dir} is inside the bundle and would be uploaded. Set BUNDLEOPS_STATE_DIR elsewhere.")
    files = list_files(root)
    copy = copy_folder(root, copies_dir, target, host)
    try:
        copy.mkdir(mode=0o700, parents=True, exist_ok=True)
        with filelock.FileLock(f"{copy}.lock", timeout=PREPARE_WAIT_SECONDS):
            stamps = _synchronise(root, copy, files)
            if locked := enable_lock(copy, target):
                stamps[locked] = _stamp(files[locked], copy / locked)
            _save_stamps(copy, stamps)
    except filelock.Timeout:
        raise StateError(f"{copy} is being prepared by another process. Try again when it has ended.") from None
    except OSError as error:
        raise StateError(f"The working copy {copy} cannot be written: {error}. Check space and rights.") from None
    return copy


def read_text_files(root: Path) -> dict[str, str]:
    """Return the bundle's text files as the person has them: UTF-8, up to 1 MB each and 20 MB in all."""
    recover(root)
    texts: dict[str, str] = {}
    total = 0
    for path, status in list_files(root).items():
        if stat.S_ISLNK(status.st_mode) or text_of(root / path) is None:
            continue
        total += status.st_size
        if total > MAX_ALL_TEXT_BYTES:
            break
        texts[path] = own_text(root, path) or ""
    return texts


def _folder_name(root: Path, target: str, host: str) -> str:
    """Name by bundle name, not by checkout: two checkouts of one bundle deploy to the same place."""
    name = _bundle_name(root) or str(root)
    digest = hashlib.sha256(f"{name}\0{target}\0{host}".encode()).hexdigest()[:12]
    readable = re.sub(r"[^A-Za-z0-9_.-]+", "-", f"{name if len(name) < 60 else root.name}-{target}").strip("-.")
    return f"{readable}-{digest}"


def _bundle_name(root: Path) -> str | None:
    document = main_document(root)
    bundle = document.get("bundle") if isinstance(document, dict) else None
    name = bundle.get("name") if isinstance(bundle, dict) else None
    return name if isinstance(name, str) and "${" not in name else None


def _synchronise(root: Path, copy: Path, files: dict[str, os.stat_result]) -> dict[str, _Stamp]:
    stamps = _stamps(copy)
    (copy / JOURNAL).unlink(missing_ok=True)  # a half-made edit is overwritten by the person's files
    for path in set(_files_of_copy(copy)) - set(files):
        (copy / path).unlink()
    _drop_empty_folders(copy)
    for path, status in files.items():
        if _unchanged(copy, path, status, stamps.get(path)):
            continue
        _copy_file(root, copy, path, status)
        stamps[path] = _stamp(status, copy / path)
    return {path: stamp for path, stamp in stamps.items() if path in files}


def _stamp(status: os.stat_result, ours: Path) -> _Stamp:
    now = ours.lstat()
    return status.st_size, status.st_mtime_ns, now.st_size, now.st_mtime_ns


def _files_of_copy(copy: Path) -> list[str]:
    found: list[str] = []
    for folder, folders, names in os.walk(copy):
        if Path(folder) == copy and ".databricks" in folders:
            folders.remove(".databricks")
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        found.extend((Path(folder) / name).relative_to(copy).as_posix() for name in [*names, *links])
    return found


def _unchanged(copy: Path, path: str, status: os.stat_result, stamp: _Stamp | None) -> bool:
    ours = copy / path
    if stamp is None or stat.S_ISLNK(status.st_mode) or not ours.exists() or ours.is_symlink():
        return False
    return stamp == _stamp(status, ours)


def _copy_file(root: Path, copy: Path, path: str, status: os.stat_result) -> None:
    """Write the file with the present time: the CLI takes a file with an older time for unchanged."""
    source, ours = root / path, copy / path
    if ours.is_dir() and not ours.is_symlink():
        shutil.rmtree(ours)
    for parent in list(ours.parents)[: len(Path(path).parts) - 1]:
        if parent.is_symlink() or parent.is_file():
            parent.unlink()
    ours.parent.mkdir(parents=True, exist_ok=True)
    if stat.S_ISLNK(status.st_mode):
        ours.unlink(missing_ok=True)
        ours.symlink_to(os.path.relpath(source.resolve(), source.parent.resolve()))
        return
    if ours.is_symlink():
        ours.unlink()
    if ours.is_file() and filecmp.cmp(source, ours, shallow=False):
        return
    temporary = ours.with_name(f".{ours.name}.bundleops-tmp")
    shutil.copyfile(source, temporary)
    temporary.chmod(status.st_mode & 0o777 | 0o600)
    temporary.replace(ours)


def _drop_empty_folders(copy: Path) -> None:
    for folder, folders, names in os.walk(copy, topdown=False):
        place = Path(folder)
        if place != copy and not names and not folders and ".databricks" not in place.relative_to(copy).parts:
            place.rmdir()


def _stamps(copy: Path) -> dict[str, _Stamp]:
    file = Path(f"{copy}{_STAMPS_SUFFIX}")
    if not file.is_file():
        return {}
    try:
        return _STAMPS.validate_json(file.read_bytes())
    except ValidationError:
        return {}  # only costs copying once more


def _save_stamps(copy: Path, stamps: dict[str, _Stamp]) -> None:
    file = Path(f"{copy}{_STAMPS_SUFFIX}")
    temporary = Path(f"{file}.tmp")
    temporary.write_bytes(_STAMPS.dump_json(stamps))
    temporary.replace(file)
