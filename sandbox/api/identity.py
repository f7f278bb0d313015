"""Who am I, and which workspace is this."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from sandbox.api.context import Json, Sandbox, User
from sandbox.layout import ADMIN_GROUP, USER_NAME, USERS, WORKSPACE_ID

router = APIRouter()
_GROUP_IDS = {ADMIN_GROUP: "1", "users": "2"}


@router.get("/.well-known/databricks-config")
def host_metadata(sandbox: Sandbox) -> dict[str, Any]:
    """The one route that needs no token."""
    return {"oidc_endpoint": f"{sandbox.host}/oidc", "workspace_id": str(WORKSPACE_ID)}


@router.get("/api/2.0/preview/scim/v2/Me")
def me(user: User) -> dict[str, Any]:
    """The user whose token the request has."""
    number, short = next((at, short) for at, (short, name) in enumerate(USERS.items()) if name == user)
    groups = [ADMIN_GROUP, "users"] if user == USER_NAME else ["users"]
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": str(4611686018427387 + number),
        "userName": user,
        "displayName": short.capitalize(),
        "name": {"givenName": "Sandbox", "familyName": short.capitalize()},
        "active": True,
        "emails": [{"type": "work", "value": user, "primary": True}],
        "groups": [{"display": name, "type": "direct", "value": _GROUP_IDS[name]} for name in groups],
    }


@router.post("/telemetry-ext")
def telemetry(body: Json) -> dict[str, Any]:
    """Accepted and dropped."""
    return {"errors": [], "numProtoSuccess": len(body.get("protoLogs") or []), "numSuccess": 0}
