"""The stretches of a source file that hold SQL: a whole .sql file, SQL cells of a notebook, strings of Python source.

Each comes with its placeholders replaced by names of the same length, so that sqlglot can parse it and every offset is
also an offset in the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

_TEMPLATED = re.compile(r"\$\{[^{}\n]*\}|\{\{[^{}\n]*\}\}|(?m:^-- MAGIC .*$)")
_SQL_CELL = re.compile(r"^# MAGIC %sql\b.*(?:\n# MAGIC.*)*", re.MULTILINE)
_MAGIC = re.compile(r"^# MAGIC(?: %sql\b)?", re.MULTILINE)
_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_ESCAPE = re.compile(r"\\[\sn\"']")


@dataclass(frozen=True)
class SqlRegion:
    """One stretch of SQL. `text` has the same length as what stands in the file from `start`."""

    start: int
    text: str
    may_break_lines: bool
    """False where a new line would end the string or leave the cell."""


def sql_regions(path: str, text: str) -> Iterator[SqlRegion]:
    """Yield the SQL of a file; nothing for files that are neither SQL nor readable Python."""
    if path.endswith(".sql"):
        yield SqlRegion(start=0, text=_TEMPLATED.sub(_name_of_length, text), may_break_lines=True)
    elif path.endswith(".py"):
        for cell in _SQL_CELL.finditer(text):
            blanked = _MAGIC.sub(lambda match: " " * len(match.group()), cell.group())
            yield SqlRegion(cell.start(), _TEMPLATED.sub(_name_of_length, blanked), may_break_lines=False)
        yield from _python_strings(text)


def _name_of_length(match: re.Match[str]) -> str:
    placeholder = match.group()
    return " " * len(placeholder) if placeholder.startswith("--") else "p" * len(placeholder)


def _python_strings(text: str) -> Iterator[SqlRegion]:
    if "merge" not in text.lower():
        return
    try:
        wrapper = MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True)
    except cst.ParserSyntaxError:
        return
    # The only line breaks of Python; str.splitlines knows more, such as the form feed.
    lines = [0, *(found.end() for found in _LINE_BREAK.finditer(text))]
    for node, position in wrapper.resolve(PositionProvider).items():
        if isinstance(node, cst.SimpleString | cst.FormattedString):
            region = _region(node, lines[position.start.line - 1] + position.start.column, wrapper.module)
            if region:
                yield region


def _region(node: cst.SimpleString | cst.FormattedString, offset: int, module: cst.Module) -> SqlRegion | None:
    parts: list[str] = []
    quote: str
    if isinstance(node, cst.SimpleString):
        prefix, quote = node.prefix, node.quote
        parts.append(_without_escapes(node.raw_value))
    else:
        prefix, quote = node.prefix, node.start[len(node.prefix) :]
        for part in node.parts:
            is_text = isinstance(part, cst.FormattedStringText)
            code = module.code_for_node(part)
            parts.append(_without_escapes(code) if is_text else "p" * len(code))
    protected = "".join(parts)
    if "\\" in protected or "merge" not in protected.lower():
        return None
    return SqlRegion(offset + len(prefix) + len(quote), protected, may_break_lines=len(quote) == 3)


def _without_escapes(text: str) -> str:
    """Blank the escapes that only lay the text out; any other keeps its backslash and the string is left alone."""
    return _ESCAPE.sub(lambda match: "  " if match.group()[1] in " n\n" else match.group(), text)
