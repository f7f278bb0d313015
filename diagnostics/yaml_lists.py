"""Append an item to a list in YAML text, in the style in which the list is written."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from diagnostics.yaml_changes import Span
from diagnostics.yaml_data import Data
from diagnostics.yaml_places import Place, places_of

_PLAIN = re.compile(r"[A-Za-z$/_][\w$./{}@-]*")
_WORDS_OF_YAML = frozenset(("true", "false", "yes", "no", "on", "off", "null", "y", "n"))
_STRUCTURE_OF_FLOW = frozenset("{}[],")
_NULL = "tag:yaml.org,2002:null"


def quoted(text: str, *, in_flow: bool = False) -> str:
    """Write a text as a YAML scalar that stays a text: quoted unless it is plainly a word, path or reference."""
    is_plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS_OF_YAML
    if is_plain and not (in_flow and _STRUCTURE_OF_FLOW & set(text)):
        return text
    # What is not printable may be a line break to one reader and not to another.
    return "".join(
        char if char.isprintable() else f"\\U{ord(char):08x}" for char in json.dumps(text, ensure_ascii=False)
    )


def in_flow_style(item: Data) -> str:
    """Write an item on one line, so that it can stand in any list."""
    if isinstance(item, dict):
        return f"{{{', '.join(f'{quoted(key, in_flow=True)}: {in_flow_style(v)}' for key, v in item.items())}}}"
    if isinstance(item, list):
        return f"[{', '.join(in_flow_style(each) for each in item)}]"
    return quoted(item, in_flow=True) if isinstance(item, str) else item.text


def line_break(text: str) -> str:
    """Return how the lines of a text end."""
    return "\r\n" if "\r\n" in text else "\n"


def item_span(text: str, holder: MappingNode, key: str, item: Data) -> Span | None:
    """Return the span that appends one item to the list at `key`, or starts that list; None when it cannot be told how.

    A list that is written elsewhere and stands here as an alias is changed there.
    """
    for key_node, value in holder.value:
        if isinstance(key_node, ScalarNode) and key_node.value == key:
            if isinstance(value, SequenceNode):
                return _appended(text, value, item)
            return _started(text, holder, key_node, value, item)
    return _new_key(text, holder, key, item)


def _appended(text: str, node: SequenceNode, item: Data) -> Span | None:
    place = places_of(text).of(node)
    if place is None:
        return None
    if not place.entries:
        return _into_empty(text, place, item)
    end = place.entries[-1].end
    if place.is_flow:
        return Span(start=end, end=end, new=f", {in_flow_style(item)}")
    dash = _dash(text, place.entries)
    if dash is None:
        return None
    written = quoted(item) if isinstance(item, str) else in_flow_style(item)
    return _new_lines(text, end, [dash + written])


def _into_empty(text: str, place: Place, item: Data) -> Span | None:
    """Write the first item between the brackets of `[]`; an anchor before them and a comment between them stay."""
    close = place.end - 1
    if text[close : place.end] != "]":
        return None
    inside = text[text.index("[", place.start) + 1 : close]
    start = close - len(inside) if not inside.strip() else close
    return Span(start=start, end=close, new=in_flow_style(item))


def _dash(text: str, entries: Sequence[Place]) -> str | None:
    """Return indent, dash and blanks as the last item that has them on its own line is written."""
    for entry in reversed(entries):
        before = re.split(r"[\r\n]", text[: entry.start])[-1]
        dashed = before.rstrip(" ")
        if dashed.endswith("-") and dashed != before:
            return " " * (len(dashed) - 1) + before[len(dashed) - 1 :]
    return None


def _started(text: str, holder: MappingNode, key: ScalarNode, value: Node, item: Data) -> Span | None:
    """Replace a null by a list."""
    places = places_of(text).entry(holder, key)
    if places is None or not isinstance(value, ScalarNode) or value.tag != _NULL or places[1].is_alias:
        return None
    return Span(start=places[0].end, end=max(places[0].end, places[1].end), new=f": [{in_flow_style(item)}]")


def _new_key(text: str, holder: MappingNode, key: str, item: Data) -> Span | None:
    place = places_of(text).of(holder)
    if place is None or not place.entries:
        return None
    end = place.entries[-1].end
    if place.is_flow:
        return Span(start=end, end=end, new=f", {key}: [{in_flow_style(item)}]")
    indent = " " * holder.value[0][0].start_mark.column
    written = quoted(item) if isinstance(item, str) else in_flow_style(item)
    return _new_lines(text, end, [f"{indent}{key}:", f"{indent}  - {written}"])


def _new_lines(text: str, position: int, lines: Sequence[str]) -> Span:
    """Insert lines below the one at `position`, so that a comment at its end stays there."""
    found = re.compile(r"\r\n|\r|\n").search(text, position)
    end = found.start() if found else len(text)
    new = "".join(f"{line_break(text)}{line}" for line in lines)
    return Span(start=end, end=end, new=new)
