"""Errors of user code as Databricks shows them: a short form and a trace with the notebook's path and lines."""

from __future__ import annotations

import linecache
import re
import traceback
from pathlib import Path
from types import TracebackType

from pyspark.errors.exceptions.base import PySparkException

from sandbox.spark.errors import UnsupportedError

_RULE = "-" * 75
_CONTEXT = 2
_OWN_FOLDER = str(Path(__file__).parent)
_PLAN = re.compile(r";?\n'?[A-Z]\w+.*", re.DOTALL)


def short_form(error: BaseException) -> str:
    """Return `[ERROR_CLASS] message` of a Spark error, `Class: message` of any other."""
    text = message(error)
    if isinstance(error, UnsupportedError) or (isinstance(error, PySparkException) and text.startswith("[")):
        return text
    return f"{type(error).__name__}: {text}"


def message(error: BaseException) -> str:
    """Return the message without the query plan that Spark appends to analysis errors."""
    text = str(error).strip() if isinstance(error, PySparkException) else str(error)
    head, position, rest = text.partition("; line ")
    if isinstance(error, PySparkException) and position and "\n" in rest:
        return f"{head}{position}{_PLAN.sub('', rest)}".rstrip(";\n")
    return text


def trace(error: BaseException, root: Path) -> str:
    """Return the trace; frames of the sandbox are left out, files below `root` are named as in the workspace."""
    name = type(error).__name__
    lines = [_RULE, f"{name}{'Traceback (most recent call last)':>{75 - len(name)}}"]
    for path, number, function in _frames(error.__traceback__):
        shown = path.replace(f"{root}/", "/Workspace/", 1)
        lines += _frame(path, shown, number, function)
    if isinstance(error, SyntaxError):
        lines += [one.rstrip("\n") for one in traceback.format_exception_only(error)[:-1]]
    return "\n".join([*lines, f"{name}: {message(error)}"])


def _frames(first: TracebackType | None) -> list[tuple[str, int, str]]:
    found = []
    for frame, number in traceback.walk_tb(first):
        path = frame.f_code.co_filename
        if not path.startswith((_OWN_FOLDER, "<frozen")):
            found.append((path, number, frame.f_code.co_name))
    return found


def _frame(path: str, shown: str, number: int, function: str) -> list[str]:
    where = f"File {shown}, line {number}" if function == "<module>" else f"File {shown}:{number}, in {function}"
    if "site-packages" in path:
        return [where, ""]
    source = linecache.getlines(path)
    first = max(1, number - _CONTEXT)
    shown_lines = enumerate(source[first - 1 : number + _CONTEXT], start=first)
    return [where, *(_source_line(at, text.rstrip("\n"), number) for at, text in shown_lines), ""]


def _source_line(at: int, text: str, failed: int) -> str:
    return f"{'--> ' if at == failed else '    '}{at:>4} {text}".rstrip()
