"""The part of dbutils that notebooks of a bundle need: widgets, notebook.exit and a small fs."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.spark.errors import UnsupportedError


class NotebookExit(BaseException):
    """Carries the value of `dbutils.notebook.exit` out of the notebook."""

    def __init__(self, value: str) -> None:
        super().__init__(value)
        self.value = value


class InputWidgetNotDefinedError(Exception):
    """A notebook reads a parameter that nobody passed and no widget declares."""


InputWidgetNotDefinedError.__name__ = "com.databricks.dbutils_v1.InputWidgetNotDefined"


class _Area:
    """One member of dbutils; what it lacks is refused by name."""

    name = ""

    def __getattr__(self, member: str) -> Any:
        if member.startswith("__"):
            raise AttributeError(member)
        raise UnsupportedError(f"dbutils.{self.name}.{member}".replace("..", "."))


class Widgets(_Area):
    """Parameters of the run over defaults that the notebook declares."""

    name = "widgets"

    def __init__(self, parameters: Mapping[str, str]) -> None:
        self._parameters = dict(parameters)
        self._defaults: dict[str, str] = {}

    def text(self, name: str, defaultValue: str = "", label: str | None = None) -> None:  # noqa: N803 - dbutils' names
        """Declare a widget."""
        del label
        self._defaults[name] = str(defaultValue)

    def dropdown(
        self,
        name: str,
        defaultValue: str,  # noqa: N803 - dbutils' name
        choices: Sequence[str] = (),
        label: str | None = None,
    ) -> None:
        """Declare a widget with choices; a run takes what it is given, as on Databricks."""
        del choices
        self.text(name, defaultValue, label)

    combobox = multiselect = dropdown

    def get(self, name: str) -> str:
        """Return the value of a parameter or widget."""
        values = self.getAll()
        if name not in values:
            raise InputWidgetNotDefinedError(f"No input widget named {name} is defined")
        return values[name]

    def getAll(self) -> dict[str, str]:  # noqa: N802 - dbutils' name
        """Return every value by name."""
        return self._defaults | self._parameters

    def getArgument(self, name: str, defaultValue: str | None = None) -> str:  # noqa: N802, N803 - dbutils' names
        """Return a value, or the default where there is none."""
        return self.getAll().get(name, defaultValue) if defaultValue is not None else self.get(name)

    def remove(self, name: str) -> None:
        """Take a declared widget away."""
        self._defaults.pop(name, None)

    def removeAll(self) -> None:  # noqa: N802 - dbutils' name
        """Take all declared widgets away."""
        self._defaults.clear()


class Notebook(_Area):
    """`exit` only; other notebooks are not started from here."""

    name = "notebook"

    def exit(self, value: str = "") -> None:
        """End the notebook with a value."""
        raise NotebookExit(str(value))


@dataclass(frozen=True)
class FileInfo:
    """One entry of `dbutils.fs.ls`."""

    path: str
    name: str
    size: int


class FileSystem(_Area):
    """Files of this machine, by plain or file: paths."""

    name = "fs"

    def ls(self, path: str) -> list[FileInfo]:
        """List a folder."""
        return [
            FileInfo(str(one), one.name + ("/" if one.is_dir() else ""), 0 if one.is_dir() else one.stat().st_size)
            for one in sorted(_local(path).iterdir())
        ]

    def mkdirs(self, path: str) -> bool:
        """Make a folder and its parents."""
        _local(path).mkdir(parents=True, exist_ok=True)
        return True

    def put(self, path: str, contents: str, overwrite: bool = False) -> bool:  # noqa: FBT001, FBT002 - dbutils' form
        """Write a text file."""
        with _local(path).open("w" if overwrite else "x", encoding="utf-8") as file:
            file.write(contents)
        return True

    def head(self, path: str, maxBytes: int = 65536) -> str:  # noqa: N803 - dbutils' name
        """Return the start of a file."""
        with _local(path).open("rb") as file:
            return file.read(maxBytes).decode("utf-8", errors="replace")

    def rm(self, path: str, recurse: bool = False) -> bool:  # noqa: FBT001, FBT002 - dbutils' form
        """Remove a file, or a folder with everything in it."""
        target = _local(path)
        if not target.exists():
            return False
        if target.is_dir():
            shutil.rmtree(target) if recurse else target.rmdir()
        else:
            target.unlink()
        return True


class Library(_Area):
    """`restartPython` is accepted: `%pip` makes packages importable without a restart."""

    name = "library"

    def restartPython(self) -> None:  # noqa: N802 - dbutils' name
        """Do nothing."""


class DbUtils(_Area):
    """What notebooks know as `dbutils`."""

    def __init__(self, parameters: Mapping[str, str]) -> None:
        self.widgets = Widgets(parameters)
        self.notebook = Notebook()
        self.fs = FileSystem()
        self.library = Library()


def _local(path: str) -> Path:
    scheme, colon, rest = path.partition(":")
    if colon and scheme != "file":
        raise UnsupportedError(f"dbutils.fs with {scheme}: paths")
    if path.startswith("/Volumes/"):
        raise UnsupportedError(f"volume path {path}")
    return Path(rest if colon else path)
