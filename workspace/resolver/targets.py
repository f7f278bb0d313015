"""Chooses the target and lays what it overrides over the bundle, as the CLI does."""

from __future__ import annotations

from workspace.errors import BundleInvalidError, UsageError
from workspace.resolver.files import Configuration
from workspace.resolver.kinds import TARGET_FIELDS
from workspace.resolver.tree import Node, merged, node_from, node_of

MODES = ("development", "production")
_DEFAULT = "default"
"""Name of the target of a bundle that declares none."""
_VARIABLE_FORMS = (
    {"default", "type", "description"},
    {"default", "type"},
    {"default", "description"},
    {"lookup", "description"},
    {"default"},
    {"lookup"},
)


def chosen_target(configuration: Configuration, wanted: str | None) -> str:
    """Return the name of the target: the one asked for, else `dev`, else the bundle's default.

    Raises:
        UsageError: there is no such target, or the bundle has several and no default.
    """
    tree = configuration.tree
    known = dict(_targets(tree)) or {_DEFAULT: node_of({}, tree.place)}
    if wanted is not None and wanted not in known:
        raise UsageError(f"{wanted}: no such target. Available targets: {', '.join(sorted(known))}. Name one with -t.")
    if wanted is not None:
        return wanted
    marked = [name for name, node in known.items() if _is_default(node)]
    if "dev" in known:
        return "dev"
    if len(known) == 1 or len(marked) == 1:
        return next(iter(marked or known))
    raise UsageError(f"The bundle has several targets and no default: {', '.join(sorted(known))}. Name one with -t.")


def with_target(configuration: Configuration, name: str) -> Node:
    """Return the configuration as it is for this target.

    Raises:
        BundleInvalidError: the target gives a value to an unknown variable, or has an unknown mode.
    """
    tree = configuration.tree
    target = dict(_targets(tree)).get(name) or node_of({}, tree.place)
    tree = _with_variables(tree.without("targets", "environments"), target)
    for key in TARGET_FIELDS:
        field = merged(tree.get(key), target.get(key))
        tree = tree.with_entry((key,), field) if field is not None else tree
    for key, path in (("run_as", ("run_as",)), ("mode", ("bundle", "mode")), ("cluster_id", ("bundle", "cluster_id"))):
        own = target.get(key)
        tree = tree.with_entry(path, own) if own is not None else tree
    git = merged(tree.get("bundle", "git"), target.get("git"))
    tree = tree.with_entry(("bundle", "git"), git) if git is not None else tree
    _check_mode(tree)
    for key in ("target", "environment"):
        tree = tree.with_entry(("bundle", key), node_from(name, target.place))
    return tree


def _targets(tree: Node) -> list[tuple[str, Node]]:
    return list(tree.items("targets")) or list(tree.items("environments"))


def _is_default(target: Node) -> bool:
    marked = target.get("default")
    return marked is not None and marked.value is True


def _check_mode(tree: Node) -> None:
    mode = tree.get("bundle", "mode")
    if mode is not None and mode.value not in (None, *MODES):
        raise BundleInvalidError(f"{mode.place}: the mode is {mode.value!r}; it has to be {' or '.join(MODES)}.")


def _with_variables(tree: Node, target: Node) -> Node:
    for name, given in target.items("variables"):
        declared = tree.get("variables", name)
        if declared is None and not any(name == key for key, _ in tree.items("variables")):
            raise BundleInvalidError(
                f"{given.place}: the variable {name} gets a value here and is not declared. Declare it under variables."
            )
        base = declared if declared is not None else node_of({}, given.place)
        is_form = isinstance(given.value, dict) and set(given.value) in _VARIABLE_FORMS
        fields = dict(given.value) if is_form else {"default": given}
        kept = {
            key: child
            for key, child in base.items()
            if not ({"default", "lookup"} & fields.keys() and key in {"default", "lookup"})
        }
        kept |= {key: child for key, child in fields.items() if key in {"default", "lookup"}}
        tree = tree.with_entry(("variables", name), node_of(kept, base.place))
    return tree
