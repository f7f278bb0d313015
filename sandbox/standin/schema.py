"""Checks a configuration against schema.yml: unknown fields and wrong types are warned of and left out."""

from __future__ import annotations

import functools
import re
from importlib import resources
from typing import Any

import yaml

from sandbox.standin.diagnostics import Diagnostic
from sandbox.standin.node import Location, Node, Path, dotted

PURE_REFERENCE = re.compile(r"\$\{[^{}]+\}")
_TRUE = {"true", "y", "yes", "on"}
_FALSE = {"false", "n", "no", "off"}
_KINDS = {dict: "map", list: "sequence", str: "string", bool: "bool", int: "int", float: "float", type(None): "nil"}


@functools.cache
def schema() -> dict[str, Any]:
    """Return the table of types; `config` is the whole configuration."""
    text = resources.files("sandbox.standin").joinpath("schema.yml").read_text(encoding="utf-8")
    table: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return table


def normalize(node: Node, diagnostics: list[Diagnostic]) -> Node:
    """Return the configuration with only what the schema knows, in the types that it asks for."""
    return _Normalizer(diagnostics).visit(node, "config", ()) or Node({}, node.location)


class _Normalizer:
    def __init__(self, diagnostics: list[Diagnostic]) -> None:
        self._diagnostics = diagnostics

    def visit(self, node: Node, kind: Any, path: Path) -> Node | None:
        if isinstance(kind, str) and kind in schema():
            kind = schema()[kind]
        if kind == "any" or (isinstance(node.value, str) and PURE_REFERENCE.fullmatch(node.value)):
            return node
        if isinstance(kind, dict):
            return self._map(node, kind, path)
        if isinstance(kind, list):
            return self._list(node, kind[0], path)
        return self._scalar(node, kind, path)

    def _map(self, node: Node, kind: dict[str, Any], path: Path) -> Node | None:
        if node.value is None:
            return node
        if not isinstance(node.value, dict):
            shorthand = kind.get("shorthand")
            return node if shorthand else self._mismatch(node, "map", path)
        fields = kind.get("fields", kind)
        result = Node({}, node.location, dict(node.keys))
        for key, child in node.value.items():
            expected = fields.get(key, fields.get("*"))
            if expected is None:
                self._warn(f"unknown field: {key}", path, node.keys.get(key, child.location))
                continue
            kept = self.visit(child, expected, (*path, key))
            if kept is not None:
                result.value[key] = kept
        return result

    def _list(self, node: Node, kind: Any, path: Path) -> Node | None:
        if node.value is None:
            return node
        if not isinstance(node.value, list):
            return self._mismatch(node, "sequence", path)
        kept = [self.visit(child, kind, (*path, index)) for index, child in enumerate(node.value)]
        return Node([child for child in kept if child is not None], node.location)

    def _scalar(self, node: Node, kind: str, path: Path) -> Node | None:
        if node.value is None:
            return self._warn(f"expected a {_SHORT[kind]} value, found null", path, node.location)
        if isinstance(node.value, (dict, list)):
            return self._mismatch(node, _SHORT[kind], path)
        value = _READERS[kind](node.value)
        if value is None and isinstance(node.value, str):
            article = "an" if kind == "integer" else "a"
            return self._warn(f'cannot parse "{node.value}" as {article} {kind}', path, node.location)
        if value is None:
            return self._mismatch(node, _SHORT[kind], path)
        return Node(value, node.location)

    def _mismatch(self, node: Node, expected: str, path: Path) -> Node | None:
        return self._warn(f"expected {expected}, found {_KINDS[type(node.value)]}", path, node.location)

    def _warn(self, summary: str, path: Path, location: Location) -> Node | None:
        """Note what is wrong; the value is left out, which is what the None says."""
        self._diagnostics.append(Diagnostic("Warning", summary, (dotted(path),) if path else (), (location,)))
        return None


def _string(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _boolean(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    text = value.lower() if isinstance(value, str) else ""
    return True if text in _TRUE else False if text in _FALSE else None


def _integer(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value) if isinstance(value, float) else int(value)
    except ValueError:
        return None
    return int(number) if number == int(number) else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return value if isinstance(value, int) else float(value)
    except ValueError:
        return None


_READERS = {"string": _string, "boolean": _boolean, "integer": _integer, "number": _number}
_SHORT = {"string": "string", "boolean": "bool", "integer": "int", "number": "float"}


def type_at(path: Path) -> Any:
    """Return what the schema asks for at a path of the configuration; `any` where it does not know."""
    kind: Any = "config"
    for step in path:
        if isinstance(kind, str):
            kind = schema().get(kind, "any")
        if isinstance(step, int):
            kind = kind[0] if isinstance(kind, list) else "any"
        elif isinstance(kind, dict):
            kind = kind.get(step, kind.get("*", "any"))
        else:
            return "any"
    return kind
