"""Reads a YAML file into nodes, with libyaml's own words for what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from sandbox.standin.node import Location, Node

NODE_LIMIT = 200_000
"""Aliases can make a small file huge; no bundle has this many values."""

DEPTH_LIMIT = 100
"""Reading is recursive; no bundle nests this deep."""


class YamlError(Exception):
    """The file is no YAML; the message has the line."""


def load_yaml(path: Path, name: str) -> Node:
    """Read the file; `name` is what its locations say.

    Raises:
        YamlError: the file is no YAML, no text, or cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
        _refuse_depth(text)
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        raise YamlError(f"yaml: line {_line(error)}: {error.problem}") from error
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise YamlError(f"yaml: {error}") from error
    return Node({}, Location(name, 1, 1)) if root is None else _Converter(name).convert(root)


def _refuse_depth(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH_LIMIT:
            line = event.start_mark.line + 1 if event.start_mark else 0
            raise YamlError(f"yaml: line {line}: nested more than {DEPTH_LIMIT} levels deep")


def _line(error: yaml.MarkedYAMLError) -> int:
    # The original prints the context's line if there is one, counted from 0 by the parser and from 1 by the scanner.
    marks = [mark.line for mark in (error.context_mark, error.problem_mark) if mark is not None and mark.line]
    return (marks[0] if marks else 0) + isinstance(error, yaml.scanner.ScannerError)


class _Converter:
    def __init__(self, name: str) -> None:
        self._name = name
        self._count = 0

    def convert(self, node: Any) -> Node:
        self._count += 1
        if self._count > NODE_LIMIT:
            raise YamlError("yaml: document contains excessive aliasing")
        location = self._location(node)
        if isinstance(node, yaml.MappingNode):
            return self._map(node, location)
        if isinstance(node, yaml.SequenceNode):
            return Node([self.convert(child) for child in node.value], location)
        return Node(_scalar(node.tag, node.value), location)

    def _map(self, node: Any, location: Location) -> Node:
        result = Node({}, location)
        for key, child in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                for source in child.value if isinstance(child, yaml.SequenceNode) else [child]:
                    merged = self.convert(source)
                    result.value = {**merged.value, **result.value}
                    result.keys = {**merged.keys, **result.keys}
                continue
            result.value[str(key.value)] = self.convert(child)
            result.keys[str(key.value)] = self._location(key)
        return result

    def _location(self, node: Any) -> Location:
        return Location(self._name, node.start_mark.line + 1, node.start_mark.column + 1)


def _scalar(tag: str, text: str) -> Any:
    """Read a scalar as YAML 1.2 does: `yes`, `on`, `1:30` and dates are plain text."""
    kind = tag.rpartition(":")[2]
    if kind == "null":
        return None
    if kind == "bool" and text.lower() in {"true", "false"}:
        return text.lower() == "true"
    readers: dict[str, Callable[[str], Any]] = {"int": _integer, "float": float}
    reader = readers.get(kind)
    if reader is None:
        return text
    try:
        return reader(text.replace("_", ""))
    except ValueError:
        return text


def _integer(text: str) -> int:
    return int(text, 0) if text.lower().lstrip("+-").startswith(("0x", "0o", "0b")) else int(text)
