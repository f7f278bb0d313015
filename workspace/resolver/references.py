"""Resolves `${…}`: variables, bundle, workspace; resources stay references, and so does what only others can tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from workspace.errors import BundleInvalidError, BundleTooLargeError
from workspace.model import SourceLocation
from workspace.resolver.tree import Node, Path, dotted, node_of, walk
from workspace.resolver.variables import Open

MAX_TEXT = 1_000_000
MAX_ROUNDS = 11
"""References within references are followed so often; the CLI stops there too."""
MAX_TRAIL = 60
"""Variables that name one another in a row."""
_SEGMENT = r"[^\W\d_](?:[-_]*[^\W_])*"
REFERENCE = re.compile(rf"\$\{{({_SEGMENT}(?:\.{_SEGMENT}(?:\[[0-9]+\])*)*(?:\[[0-9]+\])*)\}}")
"""Each repetition takes exactly one letter or digit, so that no text makes the search slow."""
_STEPS = re.compile(r"\[[0-9]+\]|[^.\[\]]+")
_RESOLVED = ("var", "variables", "bundle", "workspace")
_DOUBLED = re.compile(r"/Workspace/?\$\{workspace\.(?=(?:root|file|artifact|state|resource)_path\})")
"""These paths begin with /Workspace already; the CLI leaves out the second one."""
_EMPTY = (
    "bundle.mode",
    "bundle.uuid",
    "bundle.cluster_id",
    "bundle.compute_id",
    "workspace.auth_type",
    "workspace.client_id",
    "workspace.account_id",
)
"""Known fields; where a bundle does not set them they are empty."""


class Resolver:
    """Resolves the references of one configuration.

    Args:
        config: what references point into.
        without: variables that have no value, and why.
    """

    def __init__(self, config: Node, without: Mapping[str, Open]) -> None:
        self._config = config
        self._without = without
        self._known: dict[str, Node | None] = {}
        self._trail: list[str] = []

    def resolved(self, node: Node) -> Node:
        """Return the node with everything in it resolved that can be.

        Raises:
            BundleInvalidError: a reference leads nowhere or to itself, or texts grow without bounds.
        """
        if isinstance(node.value, dict):
            return node_of({key: self.resolved(child) for key, child in node.value.items()}, node.place)
        if isinstance(node.value, list):
            return node_of([self.resolved(child) for child in node.value], node.place)
        return self._scalar(node) if isinstance(node.value, str) and "${" in node.value else node

    def _scalar(self, node: Node) -> Node:
        for _ in range(MAX_ROUNDS):
            done = self._once(node)
            if done is node or not isinstance(done.value, str):
                return done
            node = done
        return node

    def _once(self, node: Node) -> Node:
        """Resolve every reference of a text one time; the same node comes back when there is nothing to do."""
        own = _DOUBLED.sub("${workspace.", node.value)
        pure = REFERENCE.fullmatch(own)
        if pure:
            found = self._value(pure[1], node)
            # A path counts from where the variable is used, not from where it is declared.
            return node if found is None else Node(found.value, node.place, found.size)
        text = REFERENCE.sub(lambda match: self._text(match, node), own)
        if len(text) > MAX_TEXT:
            raise BundleTooLargeError(f"{node.place}: this text grows over {MAX_TEXT} characters with its variables.")
        return node if text == node.value else Node(text, node.place)

    def _text(self, match: re.Match[str], node: Node) -> str:
        found = self._value(match[1], node)
        if found is None:
            return match[0]
        if isinstance(found.value, dict | list):
            raise BundleInvalidError(
                f"{node.place}: {match[0]} holds a mapping or a list and cannot be part of a text. Use it alone."
            )
        if isinstance(found.value, bool):
            return "true" if found.value else "false"
        return "" if found.value is None else str(found.value)

    def _value(self, reference: str, node: Node) -> Node | None:
        """Return what a reference stands for, None when it stays as it is."""
        steps = steps_of(reference)
        if steps[0] not in _RESOLVED:
            return None
        if reference not in self._known:
            self._known[reference] = self._looked_up(reference, steps, node)
        return self._known[reference]

    def _looked_up(self, reference: str, steps: Path, node: Node) -> Node | None:
        if reference in self._trail and self._is_within_a_value():
            return None
        if reference in self._trail:
            circle = " -> ".join([*self._trail[self._trail.index(reference) :], reference])
            raise BundleInvalidError(f"{node.place}: references lead in a circle: {circle}. Break it.")
        if len(self._trail) > MAX_TRAIL:
            raise BundleInvalidError(f"{node.place}: more than {MAX_TRAIL} variables name one another in a row.")
        place = _place_in_tree(steps)
        found = self._config.get(*place)
        if found is None:
            self._check_known(reference, place, node)
            return Node("", node.place) if reference in _EMPTY else None
        self._trail.append(reference)
        try:
            return self.resolved(found)
        finally:
            self._trail.pop()

    def _is_within_a_value(self) -> bool:
        """Tell whether the circle goes through a mapping or list: the CLI lets that be, and the reference stays."""
        found = (self._config.get(*_place_in_tree(steps_of(one))) for one in self._trail)
        return any(node is not None and isinstance(node.value, dict | list) for node in found)

    def _check_known(self, reference: str, place: Path, node: Node) -> None:
        """Refuse what the CLI refuses: a variable that is not declared, or a field that its value does not have."""
        if place[0] != "variables" or len(place) < 2 or str(place[1]) in self._without:
            return
        declared = ", ".join(name for name, _ in self._config.items("variables")) or "none"
        problem = f"declared are: {declared}" if self._config.get(*place[:2]) is None else "its value has no such part"
        raise BundleInvalidError(f"{node.place}: reference does not exist: ${{{reference}}}; {problem}.")


def left_over(tree: Node, without: Mapping[str, Open]) -> Iterator[str]:
    """Yield one line for each reference that nobody here can tell: what, why, and where it is used."""
    uses: dict[str, list[str]] = {}
    for path, node in walk(tree):
        if isinstance(node.value, str) and "${" in node.value:
            for match in REFERENCE.finditer(node.value):
                if steps_of(match[1])[0] in _RESOLVED:
                    uses.setdefault(match[1], []).append(f"{dotted(path)} ({line_of(node.place)})")
    for reference, places in uses.items():
        more = f" and {len(places) - 1} more" if len(places) > 1 else ""
        yield f"${{{reference}}}: {_reason(reference, without)}; used in {places[0]}{more}"
    for name, one in without.items():
        if not any(steps_of(reference)[1:2] == (name,) for reference in uses):
            yield f"${{var.{name}}}: {one.reason} ({line_of(one.place)})"


def _reason(reference: str, without: Mapping[str, Open]) -> str:
    steps = steps_of(reference)
    if steps[0] in {"var", "variables"} and len(steps) > 1:
        one = without.get(str(steps[1]))
        return f"{one.reason} ({line_of(one.place)})" if one else "its value is not known"
    if reference.startswith("bundle.git"):
        return "the git repository tells it"
    return "only the workspace tells it" if reference.startswith("workspace.") else "the bundle does not set it"


def steps_of(reference: str) -> Path:
    """Split `a.b[0].c` into its steps."""
    parts = _STEPS.findall(reference)
    return tuple(int(part[1:-1]) if part.startswith("[") else part for part in parts)


def _place_in_tree(steps: Path) -> Path:
    """`var.x.a` is short for `variables.x.value.a`."""
    if steps[0] == "var" and len(steps) > 1:
        return ("variables", steps[1], "value", *steps[2:])
    return steps


def line_of(place: SourceLocation) -> str:
    """Write a place as file and line."""
    return f"{place.path}:{place.line}" if place.line else place.path
