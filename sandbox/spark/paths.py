"""Paths of a workspace in user code: `/Workspace/…`, `/Volumes/…` and `/dbfs/…` lead to folders of the sandbox.

Python's own file functions are taught the mapping: `open`, those of `os`, and with them `pathlib`, `shutil`, `glob` and
pandas; and the import of modules from such folders. Limit: programs that user code starts see the machine's paths.
"""

from __future__ import annotations

import builtins
import functools
import io
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_ONE_PATH = (
    *("stat", "lstat", "listdir", "scandir", "mkdir", "remove", "unlink", "rmdir", "open", "access", "chmod", "utime"),
    *("readlink", "truncate", "chdir", "chown", "statvfs", "listxattr", "getxattr", "setxattr", "removexattr"),
)
_TWO_PATHS = ("rename", "replace", "link", "symlink")
_DBFS = "dbfs:"


class Mounts:
    """Folders of the sandbox by the paths that user code knows."""

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = {prefix: str(folder) for prefix, folder in folders.items()}

    @classmethod
    def of(cls, job: Mapping[str, Any]) -> Mounts:
        """The mounts of a worker's job."""
        folders = {"/Workspace": Path(job["workspace_root"])} if job.get("workspace_root") else {}
        if job.get("state_dir"):
            folders |= {"/Volumes": Path(job["state_dir"], "volumes"), "/dbfs": Path(job["state_dir"], "dbfs")}
        return cls(folders)

    def local(self, path: str) -> str:
        """The place on this machine; a path that no mount covers is its own place."""
        for prefix, folder in self._folders.items():
            if path == prefix or path.startswith(f"{prefix}/"):
                return f"{folder}{path[len(prefix) :]}"
        return path

    def shown(self, path: str) -> str:
        """The path that user code knows for a place."""
        for prefix, folder in self._folders.items():
            if path == folder or path.startswith(f"{folder}/"):
                return f"{prefix}{path[len(folder) :]}"
        return path

    def shown_text(self, text: str) -> str:
        """A text with the paths that user code knows."""
        for prefix, folder in self._folders.items():
            text = text.replace(f"{folder}/", f"{prefix}/")
        return text

    def of_url(self, url: str) -> str | None:
        """The place of what `dbutils.fs` names: `file:/…`, `dbfs:/…` or a path; None for another scheme.

        `dbfs:/Volumes` is `/Volumes`, and a path that no mount covers lies in DBFS.
        """
        scheme, colon, rest = url.partition(":")
        rest = f"/{rest.lstrip('/')}" if colon else url
        if colon and scheme == "file":
            return self.local(rest)
        if colon and scheme != _DBFS.rstrip(":"):
            return None
        return self.local(rest if self.local(rest) != rest else f"/dbfs{rest}")

    def install(self) -> None:
        """Teach this process the mounts."""
        for folder in self._folders.values():
            Path(folder).mkdir(parents=True, exist_ok=True)
        builtins.open = io.open = self._mapped(builtins.open, 1)
        for paths, names in ((1, _ONE_PATH), (2, _TWO_PATHS)):
            for name in names:
                if hasattr(os, name):  # not every system has all of them
                    _replace(name, self._mapped(getattr(os, name), paths))
        getcwd = os.getcwd
        os.getcwd = lambda: self.shown(getcwd())
        sys.path_hooks.insert(0, self._path_hook)
        sys.path_importer_cache.clear()

    def _mapped(self, original: Callable[..., Any], paths: int) -> Any:
        @functools.wraps(original)
        def function(*args: Any, **kwargs: Any) -> Any:
            return original(*(self._argument(arg) for arg in args[:paths]), *args[paths:], **kwargs)

        return function

    def _argument(self, value: Any) -> Any:
        text = os.fspath(value) if isinstance(value, os.PathLike) else value
        return self.local(text) if isinstance(text, str) else value

    def _path_hook(self, entry: str) -> Any:
        local = self.local(entry)
        if local == entry:
            raise ImportError
        for hook in sys.path_hooks:
            if hook != self._path_hook:
                try:
                    return hook(local)
                except ImportError:
                    continue
        raise ImportError


def _replace(name: str, function: Any) -> None:
    original = getattr(os, name)
    for able in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks, os.supports_effective_ids):
        if original in able:
            able.add(function)
    setattr(os, name, function)
