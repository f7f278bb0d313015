"""What notebooks know as `dbutils`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from sandbox.spark.areas import Area, NotebookExit, PythonRestart
from sandbox.spark.child_notebooks import ChildNotebooks
from sandbox.spark.filesystem import FileSystem
from sandbox.spark.paths import Mounts
from sandbox.spark.secrets import Secrets
from sandbox.spark.task_values import Jobs, TaskValues
from sandbox.spark.widgets import Widgets


class Value:
    """An answer of the notebook's context, which is an option as in Scala."""

    def __init__(self, value: str) -> None:
        self._value = value

    def get(self) -> str:
        """Return the value."""
        return self._value


class NotebookContext(Area):
    """What a notebook can ask about itself."""

    name = "notebook.getContext()"

    def __init__(self, path: str) -> None:
        self._path = path

    def notebookPath(self) -> Value:  # noqa: N802 - dbutils' name
        """Return the path, which begins with `/Users` or the like."""
        return Value(self._path.removeprefix("/Workspace"))

    def apiUrl(self) -> Value:  # noqa: N802 - dbutils' name
        """Return the workspace's address."""
        return Value(os.environ["DATABRICKS_HOST"])

    def apiToken(self) -> Value:  # noqa: N802 - dbutils' name
        """Return a token for the workspace."""
        return Value(os.environ["DATABRICKS_TOKEN"])


class EntryPoint(Area):
    """The way to the context that many notebooks take."""

    name = "notebook.entry_point"

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook

    def getDbutils(self) -> EntryPoint:  # noqa: N802 - dbutils' name
        """Return what has `notebook()`."""
        return self

    def notebook(self) -> Notebook:
        """Return what has `getContext()`."""
        return self._notebook


class Notebook(Area):
    """dbutils.notebook."""

    name = "notebook"

    def __init__(self, path: str, children: ChildNotebooks) -> None:
        self._path, self._children = path, children

    def exit(self, value: str = "") -> None:
        """End the notebook with a value."""
        raise NotebookExit(str(value))

    def run(self, path: str, timeout_seconds: int = 0, arguments: Mapping[str, Any] | None = None) -> str:
        """Run another notebook with parameters of its own, and return what it exits with."""
        return self._children.run(path, timeout_seconds, arguments or {})

    def getContext(self) -> NotebookContext:  # noqa: N802 - dbutils' name
        """Return what the notebook can ask about itself."""
        return NotebookContext(self._path)

    @property
    def entry_point(self) -> EntryPoint:
        """Return the older way to the context."""
        return EntryPoint(self)


class Library(Area):
    """dbutils.library."""

    name = "library"

    def restartPython(self) -> None:  # noqa: N802 - dbutils' name
        """Go on with the next cell in a new interpreter, which sees what `%pip` has installed."""
        raise PythonRestart


class DbUtils(Area):
    """Everything that a task is given."""

    def __init__(self, job: Mapping[str, Any], mounts: Mounts) -> None:
        self.widgets = Widgets(job["parameters"], job.get("widgets"))
        self.notebook = Notebook(job["workspace_path"], ChildNotebooks(job, mounts))
        self.fs = FileSystem(mounts)
        self.library = Library()
        self.secrets = Secrets()
        self.jobs = Jobs(TaskValues(job.get("task_values") or {}, job.get("own_task_values")))
