"""Runs a notebook cell by cell in one namespace."""

from __future__ import annotations

import builtins
import linecache
import posixpath
import shlex
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlglot import Token

from sandbox.spark import client, packages
from sandbox.spark.areas import NotebookExit, PythonRestart
from sandbox.spark.child_notebooks import find_notebook
from sandbox.spark.dbutils import DbUtils
from sandbox.spark.notebook import Cell, cells_of
from sandbox.spark.paths import Mounts
from sandbox.spark.sqltext import split_statements, tokens_of

DISPLAYED_ROWS = 20
_BEFORE_MARKERS = ("(", ",", "=", "<", ">", "<=", ">=", "<>", "!=", "||", "+", "-", "*", "/", "%")


class RestartError(BaseException):
    """A cell asked for a new interpreter; `next_cell` is where that goes on."""

    def __init__(self, next_cell: int) -> None:
        super().__init__(next_cell)
        self.next_cell = next_cell


class Notebook:
    """One run of a notebook."""

    def __init__(self, spark: Any, dbutils: DbUtils, path: str, mounts: Mounts) -> None:
        self._spark, self._dbutils, self._path, self._mounts = spark, dbutils, path, mounts
        self.names = namespace(spark, dbutils)
        self._ways: dict[str, Callable[[Cell], None]] = {
            "python": self._run_python,
            "sql": self._run_sql,
            "run": self._run_notebook,
            "pip": lambda cell: packages.install(cell.source),
            "sh": lambda cell: run_shell(cell.source),
            "fs": self._run_fs,
            "restart": lambda _: dbutils.library.restartPython(),
        }

    def run(self, source: str, suffix: str, first_cell: int = 0) -> None:
        """Run every cell from `first_cell` on; what a cell raises comes out as it is.

        Raises:
            RestartError: the rest of the cells is to run in a new interpreter.
        """
        linecache.cache[self._path] = (len(source), None, source.splitlines(keepends=True), self._path)
        for index, cell in enumerate(cells_of(source, suffix)[first_cell:], start=first_cell):
            try:
                self._run_cell(cell)
            except PythonRestart:
                raise RestartError(index + 1) from None

    def _run_cell(self, cell: Cell) -> None:
        way = self._ways.get(cell.language)
        if way is not None:
            way(cell)

    def _run_python(self, cell: Cell) -> None:
        padding = "\n" * (cell.line - 1)  # line numbers of traces are those of the file
        exec(compile(padding + cell.source, self._path, "exec"), self.names)  # noqa: S102 - running it is the task

    def _run_sql(self, cell: Cell) -> None:
        values = self._dbutils.widgets.getAll()
        for statement in split_statements(cell.source):
            result = client.run_sql(self._spark, statement, used_parameters(statement, values))
            self.names["_sqldf"] = result
            display(result)

    def _run_notebook(self, cell: Cell) -> None:
        """Run another notebook in this namespace; its `exit` ends only itself."""
        path, *arguments = shlex.split(cell.source, comments=True)
        caller = self._path
        self._path, source = find_notebook(path, caller, self._mounts)
        given = (argument.removeprefix("$").partition("=") for argument in arguments)
        self._dbutils.widgets.pass_on({name: value for name, _, value in given})
        try:
            self.run(source.read_text(encoding="utf-8"), source.suffix)
        except NotebookExit as done:
            print(f"Notebook exited: {done.value}")
        except RestartError:
            raise PythonRestart from None
        finally:
            self._path = caller

    def _run_fs(self, cell: Cell) -> None:
        command, *arguments = shlex.split(cell.source)
        print(getattr(self._dbutils.fs, command)(*arguments))


def namespace(spark: Any, dbutils: DbUtils) -> dict[str, Any]:
    """Return the names that user code finds defined."""
    return {
        "__name__": "__main__",
        "__builtins__": builtins,
        "spark": spark,
        "dbutils": dbutils,
        "display": display,
        "displayHTML": print,
        "sql": spark.sql,
        "table": spark.table,
        "getArgument": dbutils.widgets.getArgument,
    }


def run_sql_file(spark: Any, source: str, parameters: Mapping[str, str]) -> None:
    """Run the statements of a SQL file in turn; parameters are bind values."""
    for statement in split_statements(source):
        display(client.run_sql(spark, statement, used_parameters(statement, parameters)))


def run_shell(script: str) -> None:
    """Run a `%sh` cell; only with `-e` its failure is the notebook's."""
    first, _, rest = script.partition("\n")
    stops = first.strip() == "-e"
    done = subprocess.run(
        ["/bin/bash", *(["-e"] if stops else []), "-c", rest if stops else script],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    print(done.stdout, end="")
    if stops and done.returncode:
        raise subprocess.CalledProcessError(done.returncode, "bash")


def used_parameters(statement: str, values: Mapping[str, str]) -> dict[str, str]:
    """Return those values whose `:name` marker stands in the statement; Spark reports the markers without a value."""
    tokens = tokens_of(statement)
    used = {tokens[at + 1].text for at in range(len(tokens) - 1) if _is_marker(tokens, at)}
    return {name: value for name, value in values.items() if name in used}


def _is_marker(tokens: Sequence[Token], at: int) -> bool:
    """A colon right before a word; right behind a name or a bracket it is a path into JSON instead."""
    colon, after = tokens[at], tokens[at + 1]
    if colon.text != ":" or after.start != colon.end + 1:
        return False
    before = tokens[at - 1] if at else None
    return before is None or before.end + 1 < colon.start or before.text in _BEFORE_MARKERS


def display(value: Any = None, *_: Any, **__: Any) -> None:
    """Print the first rows of a DataFrame, anything else as it is."""
    if hasattr(value, "columns") and hasattr(value, "show"):
        if value.columns:
            value.show(DISPLAYED_ROWS, truncate=60)
    elif value is not None:
        print(value)


def import_paths(workspace_path: str, mounts: Mounts) -> list[Path]:
    """Return the folders whose modules a task can import: its own and the root of the bundle's files."""
    known = workspace_path if workspace_path.startswith("/Workspace/") else f"/Workspace{workspace_path}"
    folder = posixpath.dirname(known)
    parents = [Path(folder), *Path(folder).parents]
    files = next((parent for parent in parents if parent.name == "files"), None)
    return [Path(mounts.local(str(one))) for one in dict.fromkeys([Path(folder), *([files] if files else [])])]
