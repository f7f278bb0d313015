"""Settles where in the workspace the bundle lives, and resolves what depends on it."""

from __future__ import annotations

from sandbox.standin.bundle import Bundle
from sandbox.standin.diagnostics import Diagnostic
from sandbox.standin.node import Node
from sandbox.standin.references import resolve
from sandbox.standin.schema import normalize

_ROOT = "~/.bundle/${bundle.name}/${bundle.target}"
_BELOW = {"file_path": "files", "artifact_path": "artifacts", "state_path": "state", "resource_path": "resources"}


def define_workspace_paths(bundle: Bundle) -> None:
    """Set root_path and the paths below it where the configuration does not."""
    config = bundle.config
    config.set_default(("workspace", "root_path"), _ROOT)
    root = resolve(config, config.get("workspace", "root_path") or Node("")).value
    home = f"/Workspace/Users/{bundle.user['userName']}"
    if root == "~" or root.startswith("~/"):
        root = home + root[1:]
    if root.startswith(("/Users/", "/Shared/", "/Repos/")):
        root = "/Workspace" + root
    config.set(("workspace", "root_path"), root)
    for key, folder in _BELOW.items():
        config.set_default(("workspace", key), f"{root}/{folder}")
    config.set_default(("sync", "paths"), ["."])
    config.set_default(("bundle", "git", "bundle_root_path"), ".")


def resolve_references(bundle: Bundle) -> None:
    """Resolve variables, bundle and workspace fields everywhere, and read what came in by its type."""
    resolved = resolve(bundle.config, bundle.config)
    for kind in ("resources", "sync"):
        part = resolved.get(kind)
        if part is None:
            continue
        checked = normalize(Node({kind: part}), bundle.diagnostics).get(kind)
        resolved.set((kind,), checked or Node({}))
    bundle.config = resolved


def recommend_own_root(bundle: Bundle) -> None:
    """Recommend a root path to a production target that declares none."""
    if bundle.config.plain("bundle", "mode") != "production" or bundle.config.plain("workspace", "root_path"):
        return
    root = f"/Workspace/Users/{bundle.user['userName']}/.bundle/${{bundle.name}}/${{bundle.target}}"
    bundle.diagnostics.append(
        Diagnostic(
            "Recommendation",
            "target with 'mode: production' should set 'workspace.root_path' to make sure only one copy is deployed",
            detail="A common practice is to use a username or principal name in this path, i.e. use\n\n"
            f"  root_path: {root}",
        )
    )
