"""Gives every variable its value."""

from __future__ import annotations

import json
from typing import Any

from sandbox.standin.bundle import Bundle
from sandbox.standin.diagnostics import BundleError
from sandbox.standin.http import ApiError
from sandbox.standin.node import Node, from_plain

_LOOKUPS = {
    "warehouse": ("/api/2.0/sql/warehouses", "warehouses", ("name",), "id"),
    "job": ("/api/2.2/jobs/list", "jobs", ("settings", "name"), "job_id"),
    "pipeline": ("/api/2.0/pipelines", "statuses", ("name",), "pipeline_id"),
}
"""What can be looked up by name: where, the list in the answer, the path to the name, and the id."""


def assign_variables(bundle: Bundle) -> None:
    """Set `value`: from --var, the environment, the overrides file, the target or default, or a lookup."""
    given = _from_command_line(bundle)
    overrides = _from_file(bundle)
    for name, variable in sorted((bundle.config.get("variables") or Node({})).children()):
        if not isinstance(variable.value, dict):
            variable.value = {}
        key = str(name)
        outside = given.get(key, bundle.call.env.get(f"BUNDLE_VAR_{key}"))
        if outside is not None:
            variable.set(("value",), _typed(variable, outside))
        elif key in overrides:
            variable.set(("value",), overrides[key])
        else:
            _from_configuration(bundle, key, variable)


def _from_configuration(bundle: Bundle, name: str, variable: Node) -> None:
    default, lookup = variable.get("default"), variable.get("lookup")
    if default is not None:
        variable.set(("value",), default.copy())
    elif lookup is not None:
        variable.set(("value",), _look_up(bundle, name, lookup.plain() or {}))
    else:
        bundle.error(
            f"no value assigned to required variable {name}. Variables are usually assigned in databricks.yml, and "
            f'they can be overridden using "--var", the BUNDLE_VAR_{name} environment variable, or '
            ".databricks/bundle/<target>/variable-overrides.json"
        )


def _from_command_line(bundle: Bundle) -> dict[str, str]:
    values = {}
    for assignment in bundle.call.options.var or []:
        name, separator, value = assignment.partition("=")
        if not separator:
            raise BundleError(f"unexpected flag value for variable assignment: {assignment}")
        if bundle.config.get("variables", name) is None:
            raise BundleError(f"variable {name} has not been defined")
        values[name] = value
    return values


def _from_file(bundle: Bundle) -> dict[str, Any]:
    path = bundle.local_state / "variable-overrides.json"
    if not path.is_file():
        return {}
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BundleError(f"failed to parse variables file {path}: {error}") from error
    if not isinstance(values, dict):
        raise BundleError(f"failed to parse variables file {path}: invalid format")
    return values


def _typed(variable: Node, text: str) -> Node:
    """Read the text of a complex variable as JSON, as the official CLI does."""
    if variable.plain("type") != "complex":
        return Node(text)
    try:
        return from_plain(json.loads(text))
    except ValueError as error:
        raise BundleError(f"failed to parse the value of a complex variable as JSON: {error}") from error


def _look_up(bundle: Bundle, variable: str, lookup: dict[str, str]) -> str:
    kind, name = next(iter(lookup.items()), ("", ""))
    if kind not in _LOOKUPS:
        raise BundleError(
            f"variable {variable}: lookup of {kind or 'nothing'} is not supported by the stand-in; "
            f"assign the value with --var {variable}=…"
        )
    path, items, name_path, id_field = _LOOKUPS[kind]
    try:
        answer = bundle.client.get(path)
    except ApiError as error:
        raise BundleError(f"failed to resolve {kind}: {name}, err: {error.message}") from error
    found = [item for item in answer.get(items, []) if from_plain(item).plain(*name_path) == name]
    if len(found) != 1:
        problem = "does not exist" if not found else "is not unique"
        raise BundleError(f"failed to resolve {kind}: {name}, err: {kind} named '{name}' {problem}")
    return str(found[0][id_field])
