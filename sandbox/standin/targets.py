"""Chooses the target and lays its overrides over the configuration."""

from __future__ import annotations

from sandbox.standin.bundle import Bundle
from sandbox.standin.diagnostics import BundleError
from sandbox.standin.node import Node, merge

_KEYED_LISTS = {
    "jobs": {
        "tasks": "task_key",
        "job_clusters": "job_cluster_key",
        "environments": "environment_key",
        "parameters": "name",
    },
    "pipelines": {"clusters": "label"},
}
_MODES = ("development", "production")


def select_target(bundle: Bundle) -> None:
    """Choose the target that was asked for, else the default one."""
    config = bundle.config
    targets = config.value.pop("targets", None) or config.value.pop("environments", None) or Node({})
    known: dict[str, Node] = targets.value or {}
    wanted = bundle.call.options.target or bundle.call.env.get("DATABRICKS_BUNDLE_TARGET") or _default(known)
    if known and wanted not in known:
        raise BundleError(f"{wanted}: no such target. Available targets: {', '.join(sorted(known))}")
    if not known and wanted != "default":
        raise BundleError(f"{wanted}: no such target. Available targets: default")
    bundle.target = wanted
    config.set(("bundle", "target"), wanted)
    config.set(("bundle", "environment"), wanted)
    _override(bundle, known.get(wanted, Node({})))


def _default(known: dict[str, Node]) -> str:
    if len(known) <= 1:
        return next(iter(known), "default")
    marked = [name for name, node in known.items() if node.plain("default") is True]
    if len(marked) > 1:
        raise BundleError(f"multiple targets are marked as default ({', '.join(marked)})")
    if not marked:
        raise BundleError("please specify target")
    return marked[0]


def _override(bundle: Bundle, target: Node) -> None:
    overrides = dict(target.value or {})
    overrides.pop("default", None)
    bundle.has_own_root = bool(target.plain("workspace", "root_path"))
    mode = overrides.pop("mode", None)
    if mode is not None:
        if mode.value not in _MODES:
            raise BundleError(
                f"unsupported value '{mode.value}' specified for 'mode': must be either 'development' or 'production'"
            )
        bundle.config.set(("bundle", "mode"), mode)
    for name, node in (overrides.pop("variables", None) or Node({})).children():
        _override_variable(bundle, str(name), node)
    git = overrides.pop("git", None)
    if git is not None:
        bundle.config.set(("bundle", "git"), git)
    bundle.config = merge(bundle.config, Node(overrides, target.location))
    _merge_keyed_lists(bundle)


def _override_variable(bundle: Bundle, name: str, node: Node) -> None:
    variable = bundle.config.get("variables", name)
    if variable is None:
        raise BundleError(f"variable {name} is not defined but is assigned a value")
    if not isinstance(variable.value, dict):
        variable.value = {}
    fields = {"default", "lookup", "description", "type"}
    is_form = isinstance(node.value, dict) and bool(node.value) and set(node.value) <= fields
    if not is_form:
        variable.set(("default",), node)
        return
    variable.value.update(node.value)
    if "lookup" in node.value:
        variable.value.pop("default", None)


def _merge_keyed_lists(bundle: Bundle) -> None:
    """Tasks and the like of a target change the ones with the same key instead of being added."""
    for kind, _, resource in bundle.resources():
        for part, key in _KEYED_LISTS.get(kind, {}).items():
            items = resource.get(part)
            if items is None or not isinstance(items.value, list):
                continue
            merged: dict[str, Node] = {}
            for index, item in enumerate(items.value):
                name = str(item.plain(key, default=index))
                merged[name] = merge(merged[name], item) if name in merged else item
            items.value = list(merged.values())
