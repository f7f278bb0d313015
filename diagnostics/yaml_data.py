"""Read YAML as plain data, within limits, to prove what an edit changes.

PyYAML's safe loader composes the text and nothing is constructed from it: a text is a str, every other scalar keeps its
tag. Aliases and merge keys are resolved, each place with a copy of its own, so a change through a shared anchor shows
at every place that it reaches.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import yaml

MAX_CHARACTERS = 200_000
MAX_DEPTH = 40
"""Resources nest some fifteen levels; YAML readers work by recursion, so deeper text could end the process."""
MAX_NODES = 100_000
"""Counted with every alias written out: it stops alias bombs and aliases that hold themselves."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TEXT = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"
_NULL = "tag:yaml.org,2002:null"
_COMMENT = re.compile(r"#[^\r\n]*")


@dataclass(frozen=True)
class Scalar:
    """A scalar that is no text: a number, a truth value, null, or one with a tag of its own."""

    tag: str
    text: str

    @property
    def is_null(self) -> bool:
        """True for null in any spelling, also for a value that is left out."""
        return self.tag == _NULL


Data: TypeAlias = "str | Scalar | list[Data] | dict[str, Data]"


class _UnclearError(Exception):
    """The text is too large, or means different things to different readers."""


def is_modest(text: str) -> bool:
    """Tell whether the text is YAML that every reader can take: of limited size and depth, each anchor set once."""
    if len(text) > MAX_CHARACTERS:
        return False
    depth, anchors = 0, set[str]()
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            anchor = None if isinstance(event, yaml.AliasEvent) else getattr(event, "anchor", None)
            if depth > MAX_DEPTH or anchor in anchors:
                return False
            anchors |= {anchor} if anchor else set()
    except (yaml.YAMLError, UnicodeError):
        return False
    return True


def load(text: str) -> Data | None:
    """Return the data of the first and only document, None when it cannot be read, is too large or unclear."""
    if not is_modest(text):
        return None
    try:
        return _Reader().data(yaml.compose(text, Loader=_LOADER))
    except (yaml.YAMLError, _UnclearError):
        return None


def same(one: Data, two: Data) -> bool:
    """Compare values, their types and the order of keys."""
    if isinstance(one, dict) and isinstance(two, dict):
        return list(one) == list(two) and all(same(one[key], two[key]) for key in one)
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(same(first, second) for first, second in zip(one, two, strict=True))
    return type(one) is type(two) and one == two


def comments(text: str) -> list[str]:
    """Return the comments of a readable YAML text, sorted: what stands between its tokens, and behind `|` and `>`."""
    return sorted(_comments(text))


def _comments(text: str) -> Iterator[str]:
    end = 0
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        between = text[end : token.start_mark.index]
        end = token.end_mark.index
        if isinstance(token, yaml.ScalarToken) and token.style in ("|", ">"):
            between += re.split(r"[\r\n]", text[token.start_mark.index : end])[0]
        for found in _COMMENT.findall(between):
            yield found.rstrip()


class _Reader:
    """Turns nodes into data and counts them."""

    def __init__(self) -> None:
        self._left = MAX_NODES

    def data(self, node: yaml.Node | None, depth: int = 0) -> Data:
        self._left -= 1
        # An alias inside of what it stands for never ends, whatever the depth of the text.
        if self._left < 0 or depth > MAX_DEPTH * 4 or node is None:
            raise _UnclearError
        if isinstance(node, yaml.SequenceNode):
            return [self.data(item, depth + 1) for item in node.value]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, depth + 1)
        return node.value if node.tag == _TEXT else Scalar(node.tag, node.value)

    def _mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, Data]:
        own: dict[str, Data] = {}
        merged: dict[str, Data] = {}
        for key, value in node.value:
            if key.tag == _MERGE:
                for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    merged = {**self._merged(source, depth), **merged}
            elif not isinstance(key, yaml.ScalarNode) or key.value in own:
                raise _UnclearError
            else:
                own[key.value] = self.data(value, depth)
        return {**merged, **own}

    def _merged(self, source: yaml.Node, depth: int) -> dict[str, Data]:
        found = self.data(source, depth)
        if not isinstance(found, dict):
            raise _UnclearError
        return found
