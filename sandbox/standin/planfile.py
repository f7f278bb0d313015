"""A plan on paper: the text and the JSON of `bundle plan`, and the JSON read back."""

from __future__ import annotations

from typing import Any

from sandbox.standin.diagnostics import BundleError
from sandbox.standin.node import Node, dotted, from_plain
from sandbox.standin.plan import Step, deletion_order, order_of, totals
from sandbox.standin.references import references, steps_of
from sandbox.standin.schema import type_at
from sandbox.standin.state import State
from sandbox.standin.versions import CLI_VERSION

PLAN_VERSION = 2


def plan_text(steps: list[Step]) -> str:
    """Return the text of `bundle plan`."""
    lines = [f"{step.action} {step.label}" for step in sorted(steps, key=lambda s: s.key) if step.action != "skip"]
    number = totals(steps)
    total = (
        f"Plan: {number['add']} to add, {number['change']} to change, {number['delete']} to delete, "
        f"{number['unchanged']} unchanged"
    )
    return "".join(f"{line}\n" for line in [*lines, *([""] if lines else []), total])


def plan_document(steps: list[Step], state: State) -> dict[str, Any]:
    """Return the JSON of `bundle plan`."""
    known = {"lineage": state.lineage, "serial": state.serial} if state.exists else {}
    plan = {step.key: _step_document(step) for step in sorted(steps, key=lambda s: s.key)}
    return {"plan_version": PLAN_VERSION, "cli_version": CLI_VERSION, **known, "plan": plan}


def read_plan(document: Any, state: State) -> list[Step]:
    """Read the JSON of an earlier `bundle plan`; one that was made of another state is refused."""
    if not isinstance(document, dict) or document.get("plan_version") != PLAN_VERSION:
        raise BundleError(f"the plan file is not a plan of version {PLAN_VERSION}; make it with 'bundle plan -o json'")
    if (document.get("lineage", ""), document.get("serial", 0)) != (state.lineage, state.serial):
        raise BundleError(
            f'the plan was made for state lineage="{document.get("lineage", "")}" serial={document.get("serial", 0)}, '
            f"but the state is now lineage=\"{state.lineage}\" serial={state.serial}; run 'bundle plan' again"
        )
    steps = {key: _read_step(key, item) for key, item in document["plan"].items()}
    order = order_of({key: step for key, step in steps.items() if step.action != "delete"})
    gone = [key for key in deletion_order(state) if key in steps and steps[key].action == "delete"]
    return [steps[key] for key in [*order, *gone]]


def _step_document(step: Step) -> dict[str, Any]:
    document: dict[str, Any] = {"depends_on": step.depends_on} if step.depends_on else {}
    document["action"] = step.action
    if step.action in {"create", "update", "update_id", "recreate"}:
        document["new_state"] = _new_state(step)
    if step.remote is not None:
        document["remote_state"] = _sorted(step.remote)
    return document | ({"changes": step.changes} if step.changes else {})


def _new_state(step: Step) -> dict[str, Any]:
    value, base = from_plain(step.config), steps_of(step.key)
    unresolved: dict[str, str] = {}
    for path, _ in references(value):
        leaf = value.get(*path) or Node("")
        unresolved.setdefault(dotted(path), leaf.value)
    for path, leaf in value.walk():
        if dotted(path) in unresolved and type_at((*base, *path)) == "integer":
            leaf.value = 0
    return {"value": _sorted(value.plain())} | ({"vars": unresolved} if unresolved else {})


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def _read_step(key: str, item: dict[str, Any]) -> Step:
    new_state = item.get("new_state") or {}
    config = from_plain(new_state.get("value") or {})
    for path, text in (new_state.get("vars") or {}).items():
        leaf = config.get(*steps_of(path))
        if leaf is not None:
            leaf.value = text
    return Step(key, item["action"], config.plain(), item.get("depends_on") or [])
