"""What a deploy would do: one step for each resource, in the order of their references."""

from __future__ import annotations

import graphlib
import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.standin.bundle import Bundle
from sandbox.standin.changes import action_of, changes
from sandbox.standin.diagnostics import BundleError
from sandbox.standin.http import ApiError
from sandbox.standin.kinds import KINDS, Kind
from sandbox.standin.node import dotted, from_plain
from sandbox.standin.references import REFERENCE, references, steps_of
from sandbox.standin.schema import type_at
from sandbox.standin.state import State

_NOT_SENT = ("lifecycle",)
_CHILDREN = ("permissions", "grants")


@dataclass
class Step:
    """What happens to one resource."""

    key: str
    """As `resources.jobs.ingest`."""
    action: str
    config: dict[str, Any] = field(default_factory=dict)
    """What is wanted; references that only the deploy can resolve stand in it as text."""
    depends_on: list[dict[str, str]] = field(default_factory=list)
    remote: dict[str, Any] | None = None
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """Return the resource type."""
        return KINDS[self.key.split(".")[1]]

    @property
    def shown(self) -> str:
        """Return the action as texts name it."""
        return "update" if self.action == "update_id" else self.action

    @property
    def label(self) -> str:
        """Return the key as the texts have it: `jobs.ingest`."""
        return self.key.removeprefix("resources.")


def make_plan(bundle: Bundle, state: State) -> list[Step]:
    """Compare configuration, state and workspace; the steps come in the order of deployment."""
    wanted = _wanted(bundle)
    steps = {key: Step(key, "create", config, _depends_on(key, config, wanted)) for key, config in wanted.items()}
    order = order_of(steps)
    remote = {key: _read(bundle, key, state.entries[key].remote_id) for key in sorted(state.entries)}
    unknown = set()
    for key in order:
        step = steps[key]
        step.config = substitute(key, step.config, {k: i for k, i in state.ids.items() if k not in unknown}, wanted)
        if key in state.entries and remote[key] is not None:
            _compare(step, state, remote[key] or {})
        if step.action in {"create", "recreate"}:
            unknown.add(key)
    gone = [Step(key, "delete", remote=remote[key]) for key in deletion_order(state) if key not in wanted]
    return [*(steps[key] for key in order), *gone]


def totals(steps: list[Step]) -> Counter[str]:
    """Count what is added, changed, deleted and left as it is."""
    counts = Counter(add=0, change=0, delete=0, unchanged=0)
    for step in steps:
        if step.action in {"create", "recreate"}:
            counts["add"] += 1
        if step.action in {"delete", "recreate"}:
            counts["delete"] += 1
        counts["change"] += step.action in {"update", "update_id"}
        counts["unchanged"] += step.action == "skip"
    return counts


def totals_text(steps: list[Step], words: Sequence[str], omitted: int | None = None) -> str:
    """Return what is added, changed, deleted and left, in the words for it; `omitted` steps were not selected."""
    text = ", ".join(f"{number} {word}" for number, word in zip(totals(steps).values(), words, strict=True))
    return text if omitted is None else f"{text}, {omitted} not selected"


def substitute(
    key: str, config: dict[str, Any], ids: dict[str, str], wanted: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """Resolve references to ids that are known and to fields that the configuration has."""
    node = from_plain(config)
    base = steps_of(key)
    for path, leaf in node.walk():
        if not isinstance(leaf.value, str) or "${" not in leaf.value:
            continue
        leaf.value = REFERENCE.sub(lambda match: _known(match, ids, wanted), leaf.value)
        if type_at((*base, *path)) == "integer" and leaf.value.lstrip("-").isdigit():
            leaf.value = int(leaf.value)
    result: dict[str, Any] = node.plain()
    return result


def without_open_numbers(key: str, config: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration with 0 for every number that only the deploy can find out."""
    node = from_plain(config)
    base = steps_of(key)
    for path, leaf in node.walk():
        is_open = isinstance(leaf.value, str) and REFERENCE.search(leaf.value)
        if is_open and type_at((*base, *path)) == "integer":
            leaf.value = 0
    result: dict[str, Any] = node.plain()
    return result


def _known(match: re.Match[str], ids: dict[str, str], wanted: dict[str, dict[str, Any]]) -> str:
    steps = steps_of(match.group(1))
    target, rest = dotted(steps[:3]), steps[3:]
    if rest == ("id",):
        return ids.get(target, match.group(0))
    value = from_plain(wanted.get(target, {})).plain(*rest)
    return match.group(0) if value is None or isinstance(value, (dict, list)) else str(value)


def _wanted(bundle: Bundle) -> dict[str, dict[str, Any]]:
    found = {}
    for kind, name, node in bundle.resources():
        key = f"resources.{kind}.{name}"
        if kind not in KINDS:
            raise BundleError(f"{key}: resources of type {kind} are not supported by the stand-in")
        for child in _CHILDREN:
            if node.plain(child):
                raise BundleError(f"{key}.{child}: {child} are not supported by the stand-in")
        found[key] = _pruned({field: value for field, value in node.plain().items() if field not in _NOT_SENT})
    return found


def _pruned(value: Any) -> Any:
    """Leave out what is empty, as the original's requests do."""
    if isinstance(value, dict):
        pruned = {key: _pruned(child) for key, child in value.items()}
        return {key: child for key, child in pruned.items() if child is not None and child not in ([], {})}
    return [_pruned(child) for child in value] if isinstance(value, list) else value


def _depends_on(key: str, config: dict[str, Any], wanted: dict[str, dict[str, Any]]) -> list[dict[str, str]]:
    found = {}
    for _, reference in references(from_plain(config)):
        label, steps = f"${{{reference}}}", steps_of(reference)
        node = dotted(steps[:3]) if steps[0] == "resources" else ""
        if node not in wanted:
            raise BundleError(f'invalid dependency "{label}", no such node "{node}"')
        if node == key:
            raise BundleError(f"cycle detected: {key} refers to itself via {label}")
        found[label] = {"node": node, "label": label}
    return list(found.values())


def order_of(steps: dict[str, Step]) -> list[str]:
    """Return the keys so that each comes after those that it refers to."""
    graph = {key: sorted(item["node"] for item in step.depends_on) for key, step in sorted(steps.items())}
    try:
        return list(graphlib.TopologicalSorter(graph).static_order())
    except graphlib.CycleError as error:
        raise BundleError(_cycle(list(error.args[1]), steps)) from error


def _cycle(nodes: list[str], steps: dict[str, Step]) -> str:
    """Say who refers to whom, beginning with the last; the first node stands at the end again."""
    first, *others = dict.fromkeys(nodes)

    def label(source: str, target: str) -> str:
        return next(item["label"] for item in steps[source].depends_on if item["node"] == target)

    chain = [first, *others]
    parts = [f"{after} refers to {before} via {label(after, before)}" for before, after in itertools.pairwise(chain)]
    return f"cycle detected: {' '.join(parts)} which refers to {chain[-1]} via {label(first, chain[-1])}"


def deletion_order(state: State) -> list[str]:
    """Return the deployed keys so that each comes before those that it refers to."""
    graph = {
        key: [item["node"] for item in entry.depends_on if item["node"] in state.entries]
        for key, entry in sorted(state.entries.items())
    }
    return list(graphlib.TopologicalSorter(graph).static_order())[::-1]


def _read(bundle: Bundle, key: str, remote_id: str) -> dict[str, Any] | None:
    kind = KINDS.get(key.split(".")[1])
    if kind is None:
        raise BundleError(f"{key}: resources of this type are not supported by the stand-in")
    try:
        return kind.read_if_there(bundle.client, remote_id)
    except ApiError as error:
        raise error.within(f"cannot plan {key}: reading id={remote_id!r}") from error


def _compare(step: Step, state: State, remote: dict[str, Any]) -> None:
    step.remote = remote
    new = without_open_numbers(step.key, step.config)
    step.changes = changes(step.key.split(".")[1], state.entries[step.key].config, new, remote)
    step.action = action_of(step.changes)
