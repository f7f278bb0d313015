"""Who am I, and which workspace is this."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from sandbox.api.context import Json, Sandbox
from sandbox.layout import USER_NAME, WORKSPACE_ID

router = APIRouter()


@router.get("/.well-known/databricks-config")
def host_metadata(sandbox: Sandbox) -> dict[str, Any]:
    """The one route that needs no token."""
    return {"oidc_endpoint": f"{sandbox.host}/oidc", "workspace_id": str(WORKSPACE_ID)}


@router.get("/api/2.0/preview/scim/v2/Me")
def me() -> dict[str, Any]:
    """The user of the sandbox."""
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": "4611686018427387",
        "userName": USER_NAME,
        "displayName": "Developer",
        "name": {"givenName": "Sandbox", "familyName": "Developer"},
        "active": True,
        "emails": [{"type": "work", "value": USER_NAME, "primary": True}],
        "groups": [
            {"display": "admins", "type": "direct", "value": "1"},
            {"display": "users", "type": "direct", "value": "2"},
        ],
    }


@router.post("/telemetry-ext")
def telemetry(body: Json) -> dict[str, Any]:
    """Accepted and dropped."""
    return {"errors": [], "numProtoSuccess": len(body.get("protoLogs") or []), "numSuccess": 0}
