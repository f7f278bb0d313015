"""Notebooks in source format, as cells that keep their place in the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sandbox.spark.errors import UnsupportedError

Language = Literal["python", "sql", "md", "pip"]
_PYTHON_MARK, _SQL_MARK = "# ", "-- "
_HEADER = "Databricks notebook source"
_SEPARATOR = "COMMAND ----------"


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
    return [_magic_cell(content, number)]


def _magic_cell(lines: list[str], number: int) -> Cell:
    name, _, rest = lines[0].strip().partition(" ")
    if name in ("%md", "%md-sandbox"):
        return Cell("md", "\n".join(lines), number)
    if name in ("%sql", "%python"):
        language: Language = "sql" if name == "%sql" else "python"
        return Cell(language, "\n".join([rest, *lines[1:]]), number)
    if name == "%pip":
        return Cell("pip", rest.strip(), number)
    raise UnsupportedError(f"notebook magic {name}", f"line {number}")
