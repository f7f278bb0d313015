"""Reads one YAML or JSON file of a bundle into a tree, within limits, and as the CLI understands it.

Scalars are read as there: `yes` is a text and `010` is ten. Of a key that stands twice the last counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from workspace.errors import BundleInvalidError, BundleTooLargeError
from workspace.model import SourceLocation
from workspace.resolver.tree import Node, node_of

MAX_BYTES = 5 * 1024 * 1024
"""Generated files of a bundle reach a megabyte."""
MAX_DEPTH = 100

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_TRUE, _FALSE = frozenset(("true", "True", "TRUE")), frozenset(("false", "False", "FALSE"))
_INTEGER = re.compile(r"[-+]?(?:0x[0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+|[0-9][0-9_]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_TEXT_TAG = "tag:yaml.org,2002:str"
_MERGE = "<<"


def read_tree(file: Path, name: str) -> Node:
    """Return the configuration of a file; an empty file is an empty mapping.

    Args:
        file: the file.
        name: its path relative to the bundle root, for messages and places.

    Raises:
        BundleInvalidError: it cannot be read, is no YAML, too large or too deep; the text names file and line.
    """
    place = SourceLocation(path=name, line=1)
    try:
        if file.stat().st_size > MAX_BYTES:
            raise BundleTooLargeError(f"{name} is larger than {MAX_BYTES // 1024**2} MB. Split it into several files.")
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BundleInvalidError(f"{name} is no UTF-8 text (byte {error.start}). Save it as UTF-8.") from None
    except OSError as error:
        raise BundleInvalidError(f"{name} cannot be read: {error.strerror}. Correct or remove it.") from None
    try:
        return _Builder(name).document(text) or node_of({}, place)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = SourceLocation(path=name, line=mark.line + 1, column=mark.column + 1) if mark else place
        raise BundleInvalidError(f"{where}: this is no YAML: {error.problem}. Correct it.") from None
    except yaml.YAMLError as error:
        raise BundleInvalidError(f"{name}: this is no YAML: {str(error).partition(chr(10))[0]}. Correct it.") from None


@dataclass
class _Open:
    """A mapping or sequence whose end is not read yet."""

    place: SourceLocation
    anchor: str | None
    is_mapping: bool
    children: list[Node] = field(default_factory=list)
    """Keys and values by turns in a mapping."""
    merge_keys: list[int] = field(default_factory=list)


class _Builder:
    """Builds the tree from the parser's events without recursion; an alias shares the node of its anchor."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._anchors: dict[str, Node] = {}
        self._open: list[_Open] = []

    def document(self, text: str) -> Node | None:
        """Return the first document, None when there is none; the CLI reads no further either."""
        for event in yaml.parse(text, Loader=_LOADER):
            node = self._take(event)
            if node is not None and self._add(node):
                return node
        return None

    def _add(self, node: Node) -> bool:
        """Put a finished node where it belongs; True when it is the whole document."""
        if not self._open:
            return True
        self._open[-1].children.append(node)
        return False

    def _take(self, event: yaml.Event) -> Node | None:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if isinstance(event, yaml.CollectionStartEvent):
            place = self._place(event)
            if len(self._open) >= MAX_DEPTH:
                raise BundleTooLargeError(f"{place}: nested more than {MAX_DEPTH} levels deep. Flatten it.")
            self._open.append(_Open(place, event.anchor, isinstance(event, yaml.MappingStartEvent)))
        if isinstance(event, yaml.CollectionEndEvent):
            return self._closed(self._open.pop())
        return None

    def _scalar(self, event: yaml.ScalarEvent) -> Node:
        plain = event.implicit[0] and event.style in (None, "")
        holder = self._open[-1] if self._open else None
        is_key = holder is not None and holder.is_mapping and len(holder.children) % 2 == 0
        if holder is not None and is_key and plain and event.value == _MERGE:
            holder.merge_keys.append(len(holder.children))
        value = event.value if is_key or not (plain or event.tag not in (None, _TEXT_TAG)) else _typed(event.value)
        return self._known(event.anchor, Node(value, self._place(event)))

    def _alias(self, event: yaml.AliasEvent) -> Node:
        node = self._anchors.get(event.anchor or "")
        if node is None:
            holds_itself = any(one.anchor == event.anchor for one in self._open)
            problem = "stands inside of what it stands for" if holds_itself else "has no anchor above it"
            raise BundleInvalidError(f"{self._place(event)}: the alias *{event.anchor} {problem}. Correct it.")
        return node

    def _closed(self, done: _Open) -> Node:
        if not done.is_mapping:
            return self._known(done.anchor, node_of(done.children, done.place))
        own: dict[str, Node] = {}
        found: dict[str, Node] = {}
        for position in range(0, len(done.children) - 1, 2):
            key, value = done.children[position : position + 2]
            if position in done.merge_keys:
                found.update(_merge_sources(value))
            elif isinstance(key.value, dict | list):
                raise BundleInvalidError(f"{key.place}: a key has to be a plain text. Correct it.")
            else:
                own[str(key.value)] = Node(value.value, _where(key, value), value.size, value.anchored)
        return self._known(done.anchor, node_of({**found, **own}, done.place))

    def _known(self, anchor: str | None, node: Node) -> Node:
        if not anchor:
            return node
        self._anchors[anchor] = Node(node.value, node.place, node.size, anchored=True)
        return self._anchors[anchor]

    def _place(self, event: yaml.Event) -> SourceLocation:
        mark: Any = event.start_mark
        return SourceLocation(path=self._name, line=mark.line + 1, column=mark.column + 1)


def _where(key: Node, value: Node) -> SourceLocation:
    """Mappings and lists are looked for at their key; of an alias the place of use counts, not the anchor's."""
    return key.place if isinstance(value.value, dict | list) else value.place


def _merge_sources(value: Node) -> dict[str, Node]:
    entries: dict[str, Node] = {}
    for source in value.value if isinstance(value.value, list) else [value]:
        if not isinstance(source.value, dict):
            raise BundleInvalidError(f"{value.place}: `<<` takes a mapping or a list of mappings. Correct it.")
        entries.update(source.value)
    return entries


def _typed(text: str) -> Any:
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _INTEGER.fullmatch(text):
        return _integer(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _integer(text: str) -> Any:
    digits = text.replace("_", "")
    try:
        return int(digits.lstrip("+-").lstrip("0") or "0") * (-1 if digits.startswith("-") else 1)
    except ValueError:
        # A prefix tells the base; a number that Python refuses to read is kept as its text.
        return int(digits, 0) if len(digits) < 100 else text


def strings(node: Node) -> Iterator[str]:
    """Yield the texts of a list of texts, or the one text."""
    for one in node.value if isinstance(node.value, list) else [node]:
        if isinstance(one.value, str):
            yield one.value
