"""What is said to somebody who may not write to the bundle's folder."""

from __future__ import annotations

from sandbox.standin.bundle import Bundle
from sandbox.standin.diagnostics import BundleError

_PAGE = "https://docs.databricks.com/dev-tools/bundles/permissions.html"


def report_denied(bundle: Bundle) -> None:
    """Tell it, with whom to ask: the permissions of the bundle name its managers."""
    state, user = bundle.remote("state"), bundle.user["userName"]
    bundle.call.log.write("ERROR", f"Failed to update, encountered possible permission error: {state}")
    managers = _managers(bundle)
    others = sorted(name for name in managers if name != user)
    assistance = "For assistance, contact the owners of this project."
    if others:
        names = ", ".join(others)
        assistance = f"For assistance, users or groups with appropriate permissions may include: {names}."
    first = f"unable to deploy to {state} as {user}."
    if user in managers:
        lines = [f"{first} Cannot apply local deployment permissions.", assistance]
        lines.append("They can redeploy the project to apply the latest set of permissions.")
    else:
        who = "the current user or one of their groups"
        listed = f"Please make sure {who} is listed under the permissions of this bundle."
        lines = [first, listed, assistance, "They may need to redeploy the bundle to apply the new permissions."]
    lines.append(f"Please refer to {_PAGE} for more on managing permissions.")
    bundle.call.err.write(str(BundleError("\n".join(lines)).diagnostic()))


def _managers(bundle: Bundle) -> set[str]:
    permissions = bundle.config.plain("permissions", default=[]) or []
    granted = [item for item in permissions if item.get("level") == "CAN_MANAGE"]
    return {str(item.get("user_name") or item.get("group_name") or item["service_principal_name"]) for item in granted}
