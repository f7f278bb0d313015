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


def check_own_root(bundle: Bundle) -> None:
    """Refuse a production target that declares no root path; recommend one where a run_as or a principal is set."""
    config = bundle.config
    if config.plain("bundle", "mode") != "production" or bundle.has_own_root:
        return
    root = f"/Workspace/Users/{bundle.user['userName']}/.bundle/${{bundle.name}}/${{bundle.target}}"
    jobs = [node for kind, _, node in bundle.resources() if kind == "jobs"]
    is_fixed = (
        "@" not in str(bundle.user["userName"]) or config.plain("run_as") or all(job.plain("run_as") for job in jobs)
    )
    bundle.diagnostics.append(
        Diagnostic(
            "Recommendation" if is_fixed else "Error",
            f"target with 'mode: production' {'should' if is_fixed else 'must'} set 'workspace.root_path' to make sure "
            "only one copy is deployed",
            detail="A common practice is to use a username or principal name in this path, i.e. use\n\n"
            f"  root_path: {root}",
        )
    )


def check_shared_root(bundle: Bundle) -> None:
    """Warn of a root path that everybody may write to, unless everybody is meant to."""
    root = bundle.remote("root")
    if not root.startswith("/Workspace/Shared/"):
        return
    permissions = bundle.config.plain("permissions", default=[]) or []
    if any(item.get("group_name") == "users" and item.get("level") == "CAN_MANAGE" for item in permissions):
        return
    bundle.diagnostics.append(
        Diagnostic(
            "Warning",
            f"the bundle root path {root} is writable by all workspace users",
            detail="The bundle is configured to use /Workspace/Shared, which will give read/write access to all users. "
            "If this is intentional, add CAN_MANAGE for 'group_name: users' permission to your bundle configuration. "
            "If the deployment should be restricted, move it to a restricted folder such as "
            "/Workspace/Users/<username or principal name>.",
        )
    )
