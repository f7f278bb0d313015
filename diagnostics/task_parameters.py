"""Turn command-line flags of a task into the named values that a notebook reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from diagnostics.bundle_yaml import entry
from diagnostics.yaml_changes import Change, Path, Span
from diagnostics.yaml_lists import in_flow_style, line_break, quoted
from diagnostics.yaml_places import Place, places_of

_NEW_KEY = "base_parameters"
_WRITTEN_AS_PASSED = re.compile(r"true|false|0|-?[1-9][0-9]*")
_TEXT = "tag:yaml.org,2002:str"
_ASSIGNED = re.compile(r"(--)?([^\s=]+)(?:=|\s+)(.*)", re.DOTALL)


@dataclass(frozen=True)
class NamedValue:
    """One value with its name, and how many items of the list made it."""

    name: str
    text: str
    items: int


def named_values(flags: Sequence[str], source: str = "") -> tuple[NamedValue, ...] | None:
    """Return the values by name, or None when a flag has no name or is repeated.

    Args:
        flags: `--name value` in one or two items, `--name=value` or `name=value`.
        source: text of the notebook; where it writes a name with underscores, that form is taken.
    """
    found: dict[str, NamedValue] = {}
    rest = list(flags)
    while rest:
        named = _next(rest, source)
        if named is None or named.name in found:
            return None
        found[named.name] = named
        del rest[: named.items]
    return tuple(found.values())


def _next(rest: Sequence[str], source: str) -> NamedValue | None:
    flag = rest[0].strip()
    assigned = _ASSIGNED.fullmatch(flag)
    if assigned and (assigned[1] or assigned[0].startswith(f"{assigned[2]}=")):
        return _named(assigned[2], assigned[3], 1, source)
    if assigned or not flag.startswith("--"):
        return None
    if len(rest) > 1 and not rest[1].startswith("--"):
        return _named(flag[2:], rest[1], 2, source)
    return _named(flag[2:], "true", 1, source)


def _named(name: str, text: str, items: int, source: str) -> NamedValue | None:
    spelled = name.replace("-", "_")
    name = spelled if spelled in source and name not in source else name
    return NamedValue(name, text, items) if name.strip("-") else None


def base_parameters_change(
    text: str, path: Path, task_type: Node, source: str, key: str = "parameters"
) -> Change | None:
    """Return the change that writes a task's `parameters` as `base_parameters`; None when they are not understood.

    Comments stay: those on lines of their own stand above their value, those at the end of a line beside it.
    """
    found = entry(task_type, key)
    places = places_of(text).entry(task_type, found[0]) if found else None
    if found is None or places is None:
        return None
    written, value = places
    renamed = {} if key == _NEW_KEY else {key: _NEW_KEY}
    if isinstance(found[1], MappingNode):
        span = Span(start=written.start, end=written.end, new=_NEW_KEY)
        return Change((span,), (path,), renamed=renamed) if renamed else None
    flags = _flags(found[1])
    values = None if flags is None else named_values(flags, source)
    if values is None:
        return None
    items = [] if value.is_alias else value.entries
    is_flow = isinstance(task_type, MappingNode) and bool(task_type.flow_style)
    column = None if is_flow or not values else found[0].start_mark.column + 2
    new = _written(values, _Comments(text, written.end, value, items), column, line_break(text))
    data: Any = {_NEW_KEY: {one.name: one.text for one in values}}
    span = Span(start=written.start, end=value.end, new=new)
    return Change((span,), (path,), renamed=renamed, replaced={**data})


def _flags(node: Node) -> list[str] | None:
    """Return the flags as texts, None when one is no text and may not be passed as it is written."""
    if not isinstance(node, SequenceNode):
        return None
    flags = [str(item.value) if isinstance(item, ScalarNode) else "" for item in node.value]
    certain = all(
        isinstance(item, ScalarNode) and (item.tag == _TEXT or _WRITTEN_AS_PASSED.fullmatch(flag))
        for item, flag in zip(node.value, flags, strict=True)
    )
    return flags if certain else None


class _Comments:
    """The comments of a list: what stands above each item, and what beside it."""

    def __init__(self, text: str, start: int, value: Place, items: Sequence[Place]) -> None:
        ends = [start, *(item.end for item in items)]
        starts = [*(item.start for item in items), value.end]
        gaps = [_comments(text[one:other]) if items else [] for one, other in zip(ends, starts, strict=True)]
        # The first line of a gap goes on behind what stands before it.
        self.key = "".join(gap[0] for gap in gaps[:1] if gap)
        self.beside = ["".join(gap[:1]) for gap in gaps[1:]]
        self.above = [[comment.strip() for comment in gap[1:] if comment] for gap in gaps]


def _comments(gap: str) -> list[str]:
    """Return the comment of each line between two items, empty where there is none, with two blanks before it."""
    lines = re.split(r"\r\n|\r|\n", gap)
    return [f"  {line[line.index('#') :].rstrip()}" if "#" in line else "" for line in lines]


def _written(values: Sequence[NamedValue], comments: _Comments, column: int | None, newline: str) -> str:
    if column is None:
        return f"{_NEW_KEY}: {in_flow_style({one.name: one.text for one in values})}"
    lines = [_NEW_KEY + ":" + comments.key, *(" " * column + line for line in _lines(values, comments))]
    return newline.join(lines)


def _lines(values: Sequence[NamedValue], comments: _Comments) -> Iterator[str]:
    position = 0
    for one in values:
        last = position + one.items - 1
        for item in range(position, last + 1):
            yield from comments.above[item : item + 1][0] if comments.beside else ()
            if item < last and comments.beside and comments.beside[item]:
                yield comments.beside[item].strip()
        yield f"{quoted(one.name)}: {quoted(one.text)}" + (comments.beside[last] if comments.beside else "")
        position = last + 1
    if comments.beside:
        yield from comments.above[position]
