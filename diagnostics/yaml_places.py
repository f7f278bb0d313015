"""Where the entries of each mapping and list stand in a YAML text.

A composed node does not tell: an alias becomes the node that it stands for, which is written elsewhere, and a block
ends where the next one begins, with all comments between them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import yaml
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode


@dataclass
class Place:
    """One value as it is written: `text[start:end]`, without blank lines and comments after it."""

    start: int
    end: int
    is_alias: bool = False
    is_flow: bool = False
    entries: list[Place] = field(default_factory=list)
    """Items of a list; keys and values of a mapping by turns."""


class Places:
    """The places of all mappings and lists of one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._found: dict[tuple[bool, int], Place] = {}
        self._open: list[Place] = [Place(0, 0)]
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            self._read(event)

    def of(self, node: Node) -> Place | None:
        """Return the place where a mapping or list is written, None for scalars."""
        if not isinstance(node, MappingNode | SequenceNode):
            return None
        return self._found.get((isinstance(node, MappingNode), node.start_mark.index))

    def entry(self, mapping: Node, key: Node) -> tuple[Place, Place] | None:
        """Return the places of a key and its value in a mapping."""
        place = self.of(mapping)
        entries = place.entries if place else []
        for written, value in zip(entries[::2], entries[1::2], strict=False):
            if written.start == key.start_mark.index and not written.is_alias:
                return written, value
        return None

    def _read(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.CollectionEndEvent):
            self._close(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            place = Place(_index(event.start_mark), _index(event.end_mark), is_flow=bool(event.flow_style))
            self._found[isinstance(event, yaml.MappingStartEvent), place.start] = place
            self._open[-1].entries.append(place)
            self._open.append(place)
        elif isinstance(event, yaml.AliasEvent | yaml.ScalarEvent):
            start, end = _index(event.start_mark), _index(event.end_mark)
            # A block scalar ends where the next token begins.
            end = start + len(self._text[start:end].rstrip())
            self._open[-1].entries.append(Place(start, end, is_alias=isinstance(event, yaml.AliasEvent)))

    def _close(self, event: yaml.Event) -> None:
        place = self._open.pop()
        if place.is_flow or not place.entries:
            place.end = _index(event.end_mark)
        else:
            place.end = place.entries[-1].end


def _index(mark: Any) -> int:
    if mark is None:
        raise TypeError("events of a parsed text have marks")
    return int(mark.index)


@lru_cache(maxsize=32)
def places_of(text: str) -> Places:
    """Return the places of a text that is known to be readable YAML."""
    return Places(text)
