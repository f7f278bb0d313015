"""Runs what a task consists of: a notebook, a SQL file, a Python file or an entry point of a wheel."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import linecache
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sandbox.spark import cells, import_filter, packages, requirements, runtime
from sandbox.spark.areas import NotebookExit
from sandbox.spark.dbutils import DbUtils
from sandbox.spark.paths import Mounts

Job = Mapping[str, Any]


class UserCode:
    """One task in this process."""

    def __init__(self, spark: Any, job: Job) -> None:
        self._spark, self._job = spark, job
        self._mounts = Mounts.of(job)
        requirements.use(self._mounts)
        self.dbutils = DbUtils(job, self._mounts)

    def run(self) -> dict[str, Any]:
        """Run the task and return its result; what user code raises comes out as it is."""
        os.environ |= self._job.get("variables") or {}
        os.environ["DATABRICKS_RUNTIME_VERSION"] = runtime.VERSION
        _use_scratch(Path(self._job["scratch"]))
        import_filter.install()
        self._mounts.install()
        packages.add_folders(list(self._job.get("package_folders") or ()))
        self.dbutils.secrets.guard_output()
        runtime.install(self._spark, cells.namespace(self._spark, self.dbutils))
        ways: dict[str, Callable[[], None]] = {
            "notebook": self._notebook,
            "sql_file": self._sql_file,
            "python_file": self._python_file,
            "python_wheel": self._python_wheel,
        }
        try:
            ways[self._job["kind"]]()
        except NotebookExit as done:
            return {"ok": True, "exit_value": done.value}
        return {"ok": True}

    def restart(self, next_cell: int) -> None:
        """Become a new interpreter that goes on with a cell; does not return."""
        again = {
            **self._job,
            "first_cell": next_cell,
            "widgets": self.dbutils.widgets.defaults,
            "own_task_values": self.dbutils.jobs.taskValues.own,
            "package_folders": packages.FOLDERS,
        }
        document = Path(self._job["scratch"], "restart.json")
        document.touch(mode=0o600)  # it holds the server's token
        document.write_text(json.dumps(again), encoding="utf-8")
        sys.stdout.flush()
        command = [sys.executable, "-P", "-m", "sandbox.spark.worker", str(document)]
        os.execv(sys.executable, command)  # noqa: S606 - no shell is wanted

    def _notebook(self) -> None:
        self._enter()
        source = Path(self._job["source"])
        notebook = cells.Notebook(self._spark, self.dbutils, self._job["workspace_path"], self._mounts)
        notebook.run(source.read_text(encoding="utf-8"), source.suffix, self._job.get("first_cell", 0))

    def _sql_file(self) -> None:
        cells.run_sql_file(self._spark, Path(self._job["source"]).read_text(encoding="utf-8"), self._job["parameters"])

    def _python_file(self) -> None:
        self._enter()
        path, source = self._job["workspace_path"], Path(self._job["source"]).read_text(encoding="utf-8")
        linecache.cache[path] = (len(source), None, source.splitlines(keepends=True), path)
        sys.argv = [path, *self._job["arguments"]]
        names = cells.namespace(self._spark, self.dbutils) | {"__file__": path}
        _until_exit(lambda: exec(compile(source, path, "exec"), names))  # noqa: S102 - running it is the task

    def _python_wheel(self) -> None:
        package, name = self._job["entry_point"]
        keywords = [f"--{key}={value}" for key, value in self._job["parameters"].items()]
        sys.argv = [name, *self._job["arguments"], *keywords]
        _until_exit(_entry_point(package, name))

    def _enter(self) -> None:
        """Go to the folder of the source, from which modules can be imported too."""
        folders = cells.import_paths(self._job["workspace_path"], self._mounts)
        sys.path[:0] = [str(folder) for folder in folders]
        if folders[0].is_dir():
            os.chdir(folders[0])


def _entry_point(package: str, name: str) -> Callable[[], Any]:
    """Find an entry point by its name in the package's metadata, else the function of that name in the package."""
    try:
        declared = importlib.metadata.distribution(package).entry_points.select(name=name)
    except importlib.metadata.PackageNotFoundError:
        declared = importlib.metadata.EntryPoints()
    for entry_point in declared:
        found: Callable[[], Any] = entry_point.load()
        return found
    function: Callable[[], Any] = getattr(importlib.import_module(package.replace("-", "_")), name)
    return function


def _until_exit(work: Callable[[], Any]) -> None:
    """Run code that may end itself; only an exit code other than 0 is a failure."""
    try:
        work()
    except SystemExit as done:
        if done.code not in (None, 0):
            raise


def _use_scratch(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
