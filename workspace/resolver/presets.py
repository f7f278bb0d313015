"""Where a bundle stands in the workspace, and what its target does to names and tags."""

from __future__ import annotations

import posixpath
import re

from workspace.errors import BundleInvalidError
from workspace.resolver.kinds import NAMES, PLAIN_NAMES
from workspace.resolver.tree import Node, node_from, node_of

_USER = "${workspace.current_user.userName}"
_SHORT_NAME = "${workspace.current_user.short_name}"
_FOLDERS = ("file_path", "resource_path", "artifact_path", "state_path")
_ABSOLUTE = ("/Workspace/", "/Volumes/")
_NO_IDENTIFIER = re.compile(r"[^\w${}.]+")


def with_workspace_paths(tree: Node) -> Node:
    """Return the configuration with root path and the folders below it; the user stays a reference.

    Raises:
        BundleInvalidError: the bundle has no name, and so no folder of its own.
    """
    name, target = tree.text("bundle", "name"), tree.text("bundle", "target")
    if not name:
        place = tree.get("bundle") or tree
        raise BundleInvalidError(f"{place.place}: the bundle has no name. Give it one: `bundle: {{name: …}}`.")
    root = tree.text("workspace", "root_path") or f"~/.bundle/{name}/{target}"
    if root.startswith("~/"):
        root = posixpath.join("/Workspace/Users", _USER, root[2:])
    tree = _with_path(tree, "root_path", root)
    for key in _FOLDERS:
        own = tree.text("workspace", key) or posixpath.join(root, key.removesuffix("_path").replace("file", "files"))
        tree = _with_path(tree, key, own)
    return tree


def with_presets(tree: Node) -> Node:
    """Return the configuration with names and tags as they are deployed."""
    development = tree.text("bundle", "mode") == "development"
    prefix = tree.text("presets", "name_prefix") or (f"[dev {_SHORT_NAME}] " if development else "")
    tags = dict(tree.items("presets", "tags"))
    if development and "dev" not in tags:
        tags["dev"] = node_from(_SHORT_NAME, tree.place)
    keep_schemas = tree.get("experimental", "skip_name_prefix_for_schema")
    plain = {} if keep_schemas is not None and keep_schemas.value is True else {"schemas": PLAIN_NAMES["schemas"]}
    fields = {**NAMES, **{kind: field for kind, field in PLAIN_NAMES.items() if kind != "schemas"}, **plain}
    for kind, field in fields.items():
        for name, resource in tree.items("resources", kind):
            done = _prefixed(resource, field, _identifier(prefix) if kind in PLAIN_NAMES else prefix)
            tree = tree.with_entry(
                ("resources", kind, name), _tagged(done, tags) if kind in {"jobs", "pipelines"} else done
            )
    return tree


def _with_path(tree: Node, key: str, path: str) -> Node:
    if path.startswith("/") and not path.startswith(_ABSOLUTE):
        path = f"/Workspace{path}"
    place = (tree.get("workspace", key) or tree).place
    return tree.with_entry(("workspace", key), node_from(path, place))


def _prefixed(resource: Node, field: str, prefix: str) -> Node:
    name = resource.get(field)
    if not prefix or name is None or not isinstance(name.value, str):
        return resource
    folder, slash, base = name.value.rpartition("/")
    return resource.with_entry((field,), Node(f"{folder}{slash}{prefix}{base}", name.place))


def _tagged(resource: Node, tags: dict[str, Node]) -> Node:
    own = dict(resource.items("tags"))
    if not tags:
        return resource
    return resource.with_entry(("tags",), node_of({**tags, **own}, resource.place))


def _identifier(prefix: str) -> str:
    """`[dev pat] ` becomes `dev_pat_`."""
    trimmed = prefix.replace("[", "").strip(" ")
    return _NO_IDENTIFIER.sub("_", trimmed.rstrip("]")).strip("_") + ("_" if trimmed.endswith("]") else "")
