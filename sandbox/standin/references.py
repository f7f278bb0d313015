"""Resolves `${…}` references; those to resources are left for the deployment."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sandbox.standin.diagnostics import BundleError
from sandbox.standin.node import Node, Path, Step

REFERENCE = re.compile(r"\$\{([a-zA-Z]+(?:[-_]*[a-zA-Z0-9]+)*(?:\.[a-zA-Z0-9_-]+|\[[0-9]+\])*)\}")
_RESOLVED_EARLY = ("var", "variables", "bundle", "workspace")


def steps_of(reference: str) -> Path:
    """Split `a.b[0].c` into its steps."""
    return tuple(int(part[1:-1]) if part.startswith("[") else part for part in re.findall(r"[\w-]+|\[\d+\]", reference))


def references(node: Node) -> Iterator[tuple[Path, str]]:
    """Yield where and what: every reference in the node, in order."""
    for path, child in node.walk():
        if isinstance(child.value, str):
            for match in REFERENCE.finditer(child.value):
                yield path, match.group(1)


def resolve(config: Node, part: Node) -> Node:
    """Return `part` with its references to variables, bundle and workspace resolved in `config`.

    Raises:
        BundleError: a reference leads nowhere or to itself.
    """
    return _Resolver(config).visit(part, ())


class _Resolver:
    def __init__(self, config: Node) -> None:
        self._config = config

    def visit(self, node: Node, trail: tuple[str, ...]) -> Node:
        if isinstance(node.value, dict):
            return Node({k: self.visit(v, trail) for k, v in node.value.items()}, node.location, node.keys)
        if isinstance(node.value, list):
            return Node([self.visit(v, trail) for v in node.value], node.location)
        if isinstance(node.value, str) and "${" in node.value:
            return self._text(node, trail)
        return node

    def _text(self, node: Node, trail: tuple[str, ...]) -> Node:
        whole = REFERENCE.fullmatch(node.value)
        if whole and _is_early(whole.group(1)):
            found = self._lookup(whole.group(1), trail)
            return Node(found.copy().value, node.location, found.keys)

        def replace(match: re.Match[str]) -> str:
            if not _is_early(match.group(1)):
                return match.group(0)
            return _as_text(self._lookup(match.group(1), trail), match.group(0))

        return Node(REFERENCE.sub(replace, node.value), node.location)

    def _lookup(self, reference: str, trail: tuple[str, ...]) -> Node:
        if reference in trail:
            cycle = " -> ".join([*trail[trail.index(reference) :], reference])
            raise BundleError(f"cycle detected in field resolution: {cycle}")
        found = self._find(reference)
        if found is None:
            raise BundleError(f"reference does not exist: ${{{reference}}}")
        return self.visit(found, (*trail, reference))

    def _find(self, reference: str) -> Node | None:
        steps = steps_of(reference)
        if steps[0] == "var":
            steps = ("variables", *steps[1:2], "value", *steps[2:])
        return self._descend(steps)

    def _descend(self, steps: tuple[Step, ...]) -> Node | None:
        node = self._config
        for index, step in enumerate(steps):
            below = node.get(step)
            if below is None:
                # A variable may be a reference itself, with the field that is asked for behind it.
                whole = REFERENCE.fullmatch(node.value) if isinstance(node.value, str) else None
                return self._find(whole.group(1) + _tail(steps[index:])) if whole else None
            node = below
        return node


def _tail(steps: tuple[Step, ...]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)


def _is_early(reference: str) -> bool:
    return steps_of(reference)[0] in _RESOLVED_EARLY


def _as_text(node: Node, reference: str) -> str:
    if isinstance(node.value, (dict, list)):
        raise BundleError(f"cannot interpolate non-string value: {reference}")
    if isinstance(node.value, bool):
        return "true" if node.value else "false"
    return "" if node.value is None else str(node.value)
