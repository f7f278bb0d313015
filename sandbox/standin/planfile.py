"""A plan on paper: the text and the JSON of `bundle plan`, and the JSON read back."""

from __future__ import annotations

import json
from typing import Any

from sandbox.standin.bundle import Call
from sandbox.standin.diagnostics import BundleError
from sandbox.standin.node import Node, dotted, from_plain
from sandbox.standin.plan import Step, deletion_order, order_of, totals_text, without_open_numbers
from sandbox.standin.references import references, steps_of
from sandbox.standin.state import State
from sandbox.standin.versions import CLI_VERSION

PLAN_VERSION = 2


def plan_text(steps: list[Step], quiet: int = 0, omitted: int | None = None) -> str:
    """Return the text of `bundle plan`."""
    if quiet > 1:
        return ""
    lines = [f"{step.shown} {step.label}" for step in sorted(steps, key=lambda s: s.key) if step.action != "skip"]
    listed = [] if quiet or not lines else [*lines, ""]
    total = f"Plan: {totals_text(steps, ('to add', 'to change', 'to delete', 'unchanged'), omitted)}"
    return "".join(f"{line}\n" for line in [*listed, total])


def plan_document(steps: list[Step], state: State) -> dict[str, Any]:
    """Return the JSON of `bundle plan`."""
    known = {"lineage": state.lineage, "serial": state.serial} if state.exists else {}
    plan = {step.key: _step_document(step) for step in sorted(steps, key=lambda s: s.key)}
    return {"plan_version": PLAN_VERSION, "cli_version": CLI_VERSION, **known, "plan": plan}


def load_plan(call: Call, path: str, state: State) -> dict[str, Any]:
    """Read the JSON of an earlier `bundle plan`; one that was made of another state is refused.

    Raises:
        BundleError: it cannot be read, or the state is another one by now.
    """
    try:
        document = json.loads((call.around.cwd / path).read_text(encoding="utf-8"))
    except OSError as error:
        raise BundleError(f"reading plan file: open {path}: {(error.strerror or '').lower()}") from error
    except ValueError as error:
        raise BundleError(f"parsing plan JSON: {error}") from error
    if not isinstance(document, dict) or document.get("plan_version") != PLAN_VERSION:
        raise BundleError(f"the plan file is not a plan of version {PLAN_VERSION}; make it with 'bundle plan -o json'")
    lineage, serial = document.get("lineage", ""), document.get("serial", 0)
    if lineage and lineage != state.lineage:
        raise BundleError(
            f'plan lineage "{lineage}" does not match state lineage "{state.lineage}"; '
            "the state may have been modified by another process"
        )
    if lineage and serial != state.serial:
        raise BundleError(
            f"plan serial {serial} does not match state serial {state.serial}; "
            "the state has been modified since the plan was created. Please run 'bundle plan' again"
        )
    return document


def steps_of_plan(document: dict[str, Any], state: State) -> list[Step]:
    """Return the steps of a plan that was read."""
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
        document["remote_state"] = _shown(step.remote)
    return document | ({"changes": step.changes} if step.changes else {})


def _new_state(step: Step) -> dict[str, Any]:
    value = from_plain(step.config)
    unresolved: dict[str, str] = {}
    for path, _ in references(value):
        leaf = value.get(*path) or Node("")
        unresolved.setdefault(dotted(path), leaf.value)
    return {"value": _sorted(without_open_numbers(step.key, step.config))} | (
        {"vars": unresolved} if unresolved else {}
    )


def _shown(value: Any) -> Any:
    """Return what a plan shows of a resource in the workspace: nothing that is empty."""
    if isinstance(value, dict):
        return {key: _shown(value[key]) for key in sorted(value) if value[key] not in (None, [], {})}
    return [_shown(item) for item in value] if isinstance(value, list) else value


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
