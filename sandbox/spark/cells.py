"""Runs a notebook cell by cell in one namespace."""

from __future__ import annotations

import builtins
import importlib
import linecache
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlglot import Token

from sandbox.spark import client
from sandbox.spark.dbutils import DbUtils
from sandbox.spark.environments import uv_command
from sandbox.spark.notebook import Cell, cells_of
from sandbox.spark.sqltext import split_statements, tokens_of

DISPLAYED_ROWS = 20
_BEFORE_MARKERS = ("(", ",", "=", "<", ">", "<=", ">=", "<>", "!=", "||", "+", "-", "*", "/", "%")


class Notebook:
    """One run of a notebook."""

    def __init__(self, spark: Any, parameters: Mapping[str, str], path: str) -> None:
        self._spark = spark
        self._path = path
        self._dbutils = DbUtils(parameters)
        self._names: dict[str, Any] = {
            "__name__": "__main__",
            "__builtins__": builtins,
            "spark": spark,
            "dbutils": self._dbutils,
            "display": display,
            "sql": spark.sql,
            "getArgument": self._dbutils.widgets.getArgument,
        }

    def run(self, source: str, suffix: str) -> None:
        """Run every cell; what a cell raises comes out as it is."""
        linecache.cache[self._path] = (len(source), None, source.splitlines(keepends=True), self._path)
        for cell in cells_of(source, suffix):
            self._run_cell(cell)

    def _run_cell(self, cell: Cell) -> None:
        if cell.language == "python":
            padding = "\n" * (cell.line - 1)  # line numbers of traces are those of the file
            exec(compile(padding + cell.source, self._path, "exec"), self._names)  # noqa: S102 - running it is the task
        elif cell.language == "sql":
            self._run_sql(cell.source)
        elif cell.language == "pip":
            install(cell.source)

    def _run_sql(self, source: str) -> None:
        values = self._dbutils.widgets.getAll()
        for statement in split_statements(source):
            result = client.run_sql(self._spark, statement, used_parameters(statement, values))
            self._names["_sqldf"] = result
            display(result)


def run_sql_file(spark: Any, source: str, parameters: Mapping[str, str]) -> None:
    """Run the statements of a SQL file in turn; parameters are bind values."""
    for statement in split_statements(source):
        display(client.run_sql(spark, statement, used_parameters(statement, parameters)))


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


def install(arguments: str) -> None:
    """Do what `%pip install …` asks for, into a folder of this task only.

    Raises:
        CalledProcessError: pip's words are printed first, as on Databricks.
    """
    command, _, packages = arguments.partition(" ")
    if command != "install":
        print(f"%pip {arguments}: only install changes the environment")
        return
    target = tempfile.mkdtemp(prefix="pip-", dir=os.environ.get("TMPDIR"))
    wanted = [word for word in packages.split() if word not in ("-q", "--quiet", "-U", "--upgrade")]
    done = subprocess.run(
        uv_command("install", "--python", sys.executable, "--target", target, *wanted),
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stderr if done.returncode else f"Successfully installed {' '.join(wanted)}")
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, f"pip --disable-pip-version-check {arguments}")
    sys.path.insert(0, target)
    importlib.invalidate_caches()


def import_paths(workspace_path: str, root: Path) -> list[Path]:
    """Return the folders whose modules a notebook can import: its own and the root of the bundle's files."""
    local = root / workspace_path.removeprefix("/Workspace").lstrip("/")
    files = next((parent for parent in local.parents if parent.name == "files"), None)
    return [local.parent, *([files] if files and files != local.parent else [])]
