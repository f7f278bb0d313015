"""What differs between what was deployed, what is wanted and what is there, and what a deploy does about it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import yaml

from sandbox.standin.diff import MISSING, Path, differences, pattern_of, text_of, value_at
from sandbox.standin.schema import schema, type_at

_ACTIONS = ("skip", "update", "update_id", "recreate")
_EMPTY: tuple[Any, ...] = (MISSING, None, "", 0, False, [], {})
Rules = Mapping[str, Any]
Verdict = tuple[str, str]


@dataclass(frozen=True)
class Change:
    """One path at which something differs."""

    rules: Rules
    path: Path
    old: Any
    new: Any
    remote: Any

    @property
    def is_edited(self) -> bool:
        """Tell whether the configuration itself has changed."""
        return not _same(self.old, self.new)

    @property
    def is_unread(self) -> bool:
        """Tell whether the workspace does not show the field."""
        return any(self.is_below(pattern) for pattern in self.rules.get("unread") or ())

    def reason(self, rule: str) -> str | None:
        """Return the reason that a rule gives for this path, None if it says nothing of it."""
        return next((why for pattern, why in (self.rules.get(rule) or {}).items() if self.is_below(pattern)), None)

    def is_below(self, pattern: str) -> bool:
        """Tell whether the path is a rule's, or below it."""
        place = pattern_of(self.path)
        return place == pattern or place.startswith((f"{pattern}.", f"{pattern}["))


@functools.cache
def rules_of(kind: str) -> Rules:
    """Return the rules of changes.yml for a resource type."""
    text = resources.files("sandbox.standin").joinpath("changes.yml").read_text(encoding="utf-8")
    rules: Rules = yaml.load(text, Loader=yaml.CSafeLoader).get(kind) or {}
    return rules


def changes(kind: str, old: Any, new: Any, remote: Any) -> dict[str, dict[str, Any]]:
    """Return, by path, what a deploy would change and why.

    Args:
        kind: the resource type.
        old: the configuration that was deployed last.
        new: the configuration that is wanted.
        remote: what the workspace has.
    """
    rules = rules_of(kind)
    keyed = rules.get("keyed") or {}
    there = {name: value for name, value in remote.items() if name in _known_fields(kind, old, new)}
    paths = dict.fromkeys([*differences(old, new, keyed), *differences(there, new, keyed)])
    found = {}
    for path in sorted(paths, key=text_of):
        values = {name: value_at(value, path) for name, value in (("old", old), ("new", new), ("remote", there))}
        action, reason = _judge(Change(rules, path, **values))
        shown = {name: value for name, value in values.items() if value is not MISSING}
        found[text_of(path)] = {"action": action} | ({"reason": reason} if reason else {}) | shown
    return found


def action_of(found: Mapping[str, Mapping[str, Any]]) -> str:
    """Return what all changes of a resource amount to."""
    return max((str(change["action"]) for change in found.values()), key=_ACTIONS.index, default="skip")


def _known_fields(kind: str, old: Any, new: Any) -> set[str]:
    declared = schema().get(type_at(("resources", kind, "*")))
    return {*old, *new, *(declared if isinstance(declared, dict) else ())} - {"id", "lifecycle", "permissions"}


def _judge(change: Change) -> Verdict:
    """Return action and reason; the first rule that holds decides."""
    return next((verdict for verdict in (rule(change) for rule in _RULES) if verdict is not None), ("update", ""))


def _already_there(change: Change) -> Verdict | None:
    counts = change.reason("foreign") is None and not change.is_unread
    return ("skip", "remote_already_set") if counts and _same(change.new, change.remote) else None


def _empty(change: Change) -> Verdict | None:
    return ("skip", "empty") if all(v in _EMPTY for v in (change.old, change.new, change.remote)) else None


def _foreign(change: Change) -> Verdict | None:
    reason = change.reason("foreign")
    return ("skip", reason) if reason is not None and not change.is_edited else None


def _identity(change: Change) -> Verdict | None:
    for name, action in (("identity", "recreate"), ("renamed", "update_id")):
        reason = change.reason(name)
        if reason is not None:
            return (action if change.is_edited else "skip"), reason
    return None


def _default(change: Change) -> Verdict | None:
    is_unset = change.old is MISSING and change.new is MISSING
    return ("skip", "backend_default") if is_unset and _is_default(change) else None


def _slash(change: Change) -> Verdict | None:
    reason = change.reason("slash")
    same = str(change.new).rstrip("/") == str(change.remote).rstrip("/")
    return ("skip", reason) if reason is not None and same else None


def _unread(change: Change) -> Verdict | None:
    return ("skip", "missing_in_remote") if change.is_unread and not change.is_edited else None


def _fixed(change: Change) -> Verdict | None:
    reason = change.reason("fixed")
    return ("recreate", reason) if reason is not None else None


_RULES = (_already_there, _empty, _foreign, _identity, _default, _slash, _unread, _fixed)


def _is_default(change: Change) -> bool:
    for pattern, values in (change.rules.get("default") or {}).items():
        if change.is_below(pattern) and (not values or change.remote in values):
            return True
        # What the workspace filled in may be all that it shows of the value above.
        name = pattern.removeprefix(f"{pattern_of(change.path)}.")
        only = isinstance(change.remote, dict) and list(change.remote) == [name]
        if only and (not values or change.remote[name] in values):
            return True
    return False


def _same(one: Any, other: Any) -> bool:
    return one is other or (one is not MISSING and other is not MISSING and one == other)
