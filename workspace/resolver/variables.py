"""Gives every variable its value: environment, overrides file, target or default; a lookup stays a reference."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workspace.errors import BundleInvalidError
from workspace.model import SourceLocation
from workspace.resolver.tree import Node, node_from, node_of
from workspace.resolver.yaml_tree import MAX_BYTES

_PREFIX = "BUNDLE_VAR_"


@dataclass(frozen=True)
class Open:
    """A variable whose value cannot be told from the files."""

    place: SourceLocation
    reason: str


def with_values(tree: Node, root: Path, target: str, environment: Mapping[str, str]) -> tuple[Node, dict[str, Open]]:
    """Return the configuration with `value` set at each variable, and the variables that have none.

    Raises:
        BundleInvalidError: the overrides file cannot be read.
    """
    overrides = _from_file(root, Path(".databricks", "bundle", target, "variable-overrides.json"))
    without: dict[str, Open] = {}
    for name, declared in tree.items("variables"):
        fields = declared.value if isinstance(declared.value, dict) else {}
        value = _value(name, fields, overrides, environment)
        if value is None:
            without[name] = Open(declared.place, _reason(name, fields))
        else:
            tree = tree.with_entry(("variables", name), node_of({**fields, "value": value}, declared.place))
    return tree, without


def _value(
    name: str, fields: Mapping[str, Node], overrides: Mapping[str, Node], environment: Mapping[str, str]
) -> Node | None:
    given = environment.get(_PREFIX + name)
    if given is not None:
        return node_from(given, SourceLocation(path=f"environment variable {_PREFIX}{name}"))
    lookup, default = fields.get("lookup"), fields.get("default")
    if lookup is not None and lookup.value is not None:
        return None
    if name in overrides and overrides[name].value is not None:
        return overrides[name]
    return default if default is not None and default.value is not None else None


def _reason(name: str, fields: Mapping[str, Node]) -> str:
    lookup = fields.get("lookup")
    if lookup is not None and isinstance(lookup.value, dict):
        kind, wanted = next(((key, node.value) for key, node in lookup.value.items()), ("object", "?"))
        return f"the id of the {kind.replace('_', ' ')} {wanted!r} is looked up in the workspace"
    return f"no value is assigned to it; set {_PREFIX}{name}, or give it a default"


def _from_file(root: Path, name: Path) -> dict[str, Node]:
    file = root / name
    if not file.is_file():
        return {}
    advice = 'It has to be a JSON object: {"variable": "value"}.'
    try:
        if file.stat().st_size > MAX_BYTES:
            raise BundleInvalidError(f"{name} is larger than {MAX_BYTES // 1024**2} MB. {advice}")
        values: Any = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BundleInvalidError(f"{name} cannot be read: {error}. {advice}") from None
    if not isinstance(values, dict):
        raise BundleInvalidError(f"{name} holds no object. {advice}")
    place = SourceLocation(path=name.as_posix())
    return {key: node_from(value, place) for key, value in values.items()}


def environment() -> Mapping[str, str]:
    """Return the variables of this process."""
    return os.environ
