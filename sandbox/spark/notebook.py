"""Notebooks in source format, as cells that keep their place in the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sandbox.spark.errors import UnsupportedError

Language = Literal["python", "sql", "md", "pip", "sh", "fs", "run", "restart", "ignored"]
_PYTHON_MARK, _SQL_MARK = "# ", "-- "
_HEADER = "Databricks notebook source"
_SEPARATOR = "COMMAND ----------"
_WHOLE_CELLS: dict[str, Language] = {
    "%md": "md",
    "%md-sandbox": "md",
    "%sql": "sql",
    "%python": "python",
    "%sh": "sh",
    "%fs": "fs",
    "%run": "run",
}
_SINGLE_LINES: dict[str, Language] = {
    "%pip": "pip",
    "%restart_python": "restart",
    "%load_ext": "ignored",
    "%autoreload": "ignored",
    "%matplotlib": "ignored",
    "%config": "ignored",
}
"""What follows such a line is the rest of the cell. Ignored is what only matters at a screen."""


@dataclass(frozen=True)
class Cell:
    """One cell; `line` is the number of its first line in the file, counted from 1."""

    language: Language
    source: str
    line: int


def cells_of(text: str, suffix: str) -> list[Cell]:
    """Return the cells of a notebook (`.py` or `.sql`); a file without a notebook's header is one cell.

    Raises:
        UnsupportedError: a cell's magic cannot run here.
    """
    mark = _SQL_MARK if suffix == ".sql" else _PYTHON_MARK
    default: Language = "sql" if suffix == ".sql" else "python"
    lines = text.splitlines()
    if not lines or lines[0].strip() != mark + _HEADER:
        return [Cell(default, text, 1)]
    cells: list[Cell] = []
    first = 1
    for number in range(1, len(lines) + 1):
        if number == len(lines) or lines[number].strip() == mark + _SEPARATOR:
            cells += _cell(lines[first:number], first + 1, mark, default)
            first = number + 1
    return cells


def _cell(lines: list[str], number: int, mark: str, default: Language) -> list[Cell]:
    while lines and (not lines[0].strip() or lines[0].startswith(f"{mark}DBTITLE")):
        lines, number = lines[1:], number + 1
    if not lines:
        return []
    magic = f"{mark}MAGIC"
    if not lines[0].startswith(magic):
        return [Cell(default, "\n".join(lines), number)]
    content = [line[len(magic) :].removeprefix(" ") if line.startswith(magic) else line for line in lines]
    return _magic_cells(content, number)


def _magic_cells(lines: list[str], number: int) -> list[Cell]:
    """Lines of magic at the start of a cell are cells of their own, the rest is another one."""
    if not any(line.strip() for line in lines):
        return []
    name, _, rest = lines[0].strip().partition(" ")
    if name in _SINGLE_LINES:
        taken = 1
        while rest.endswith("\\") and taken < len(lines):
            rest, taken = f"{rest[:-1].strip()} {lines[taken].strip()}", taken + 1
        return [Cell(_SINGLE_LINES[name], rest.strip(), number), *_magic_cells(lines[taken:], number + taken)]
    if name in _WHOLE_CELLS:
        return [Cell(_WHOLE_CELLS[name], "\n".join([rest, *lines[1:]]), number)]
    if name.startswith("%"):
        raise UnsupportedError(f"notebook magic {name}", f"line {number}")
    return [Cell("python", "\n".join(lines), number)]
