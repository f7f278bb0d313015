"""dbutils.fs: files of volumes, of the workspace, of DBFS and of this machine."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from sandbox.spark.areas import Area
from sandbox.spark.errors import UnsupportedError
from sandbox.spark.paths import Mounts


class ExecutionError(Exception):
    """How dbutils reports what its Java side raises."""


@dataclass(frozen=True)
class FileInfo:
    """One entry of `dbutils.fs.ls`; times are in milliseconds."""

    path: str
    name: str
    size: int
    modificationTime: int = 0  # noqa: N815 - dbutils' name

    def isDir(self) -> bool:  # noqa: N802 - dbutils' name
        """Tell whether it is a folder."""
        return self.name.endswith("/")

    def isFile(self) -> bool:  # noqa: N802 - dbutils' name
        """Tell whether it is a file."""
        return not self.isDir()


class FileSystem(Area):
    """Files by `file:`, `dbfs:` and plain paths."""

    name = "fs"

    def __init__(self, mounts: Mounts) -> None:
        self._mounts = mounts

    def ls(self, path: str) -> list[FileInfo]:
        """List a folder; a file lists itself."""
        place = self._existing(path)
        if place.is_file():
            return [self._info(place)]
        return [self._info(one) for one in sorted(place.iterdir())]

    def mkdirs(self, path: str) -> bool:
        """Make a folder and its parents."""
        self._local(path).mkdir(parents=True, exist_ok=True)
        return True

    def put(self, path: str, contents: str, overwrite: bool = False) -> bool:  # noqa: FBT001, FBT002 - dbutils' form
        """Write a text file; its folder is made."""
        place = self._local(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("w" if overwrite else "x", encoding="utf-8") as file:
            file.write(contents)
        print(f"Wrote {len(contents.encode())} bytes.")
        return True

    def head(self, path: str, maxBytes: int = 65536) -> str:  # noqa: N803 - dbutils' name
        """Return the start of a file."""
        with self._existing(path).open("rb") as file:
            return file.read(maxBytes).decode("utf-8", errors="replace")

    def cp(self, source: str, target: str, recurse: bool = False) -> bool:  # noqa: FBT001, FBT002 - dbutils' form
        """Copy a file, or a folder with everything in it."""
        origin, place = self._existing(source), self._local(target)
        place.parent.mkdir(parents=True, exist_ok=True)
        if origin.is_file():
            shutil.copyfile(origin, place / origin.name if place.is_dir() else place)
        elif recurse:
            shutil.copytree(origin, place, dirs_exist_ok=True, copy_function=shutil.copyfile)
        else:
            raise ExecutionError(f"java.io.IOException: Cannot copy directory {source} unless recurse is True")
        return True

    def mv(self, source: str, target: str, recurse: bool = False) -> bool:  # noqa: FBT001, FBT002 - dbutils' form
        """Move a file, or a folder with everything in it."""
        return self.cp(source, target, recurse) and self.rm(source, recurse)

    def rm(self, path: str, recurse: bool = False) -> bool:  # noqa: FBT001, FBT002 - dbutils' form
        """Remove a file, or a folder with everything in it."""
        target = self._local(path)
        if not target.exists():
            return False
        if target.is_dir():
            shutil.rmtree(target) if recurse else target.rmdir()
        else:
            target.unlink()
        return True

    def _info(self, place: Path) -> FileInfo:
        facts, folder = place.stat(), place.is_dir()
        shown = self._mounts.shown(str(place))
        known = f"dbfs:{shown.removeprefix('/dbfs')}" if shown != str(place) else f"file:{shown}"
        tail = "/" if folder else ""
        return FileInfo(known + tail, place.name + tail, 0 if folder else facts.st_size, int(facts.st_mtime * 1000))

    def _existing(self, path: str) -> Path:
        place = self._local(path)
        if not place.exists():
            raise ExecutionError(f"java.io.FileNotFoundException: No such file or directory: {path}")
        return place

    def _local(self, path: str) -> Path:
        place = self._mounts.of_url(path)
        if place is None:
            raise UnsupportedError(f"dbutils.fs with {path.partition(':')[0]}: paths")
        return Path(place)
