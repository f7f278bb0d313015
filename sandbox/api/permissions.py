"""Permissions: kept and returned, never enforced, since the sandbox has one user."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from sandbox.api.context import Json, Sandbox
from sandbox.layout import USER_NAME
from sandbox.records import PermissionsRecord

router = APIRouter(prefix="/api/2.0/permissions")


@router.get("/{object_type}/{object_id}")
def get(sandbox: Sandbox, object_type: str, object_id: str) -> dict[str, Any]:
    """The access list of an object; its creator owns it."""
    return _shown(_record(sandbox, object_type, object_id))


@router.put("/{object_type}/{object_id}")
def replace(sandbox: Sandbox, object_type: str, object_id: str, body: Json) -> dict[str, Any]:
    """Replace an access list."""
    record = _record(sandbox, object_type, object_id)
    record.access_control_list = body.get("access_control_list") or []
    sandbox.permissions.remove(record.key)
    sandbox.permissions.add(record)
    return _shown(record)


@router.patch("/{object_type}/{object_id}")
def change(sandbox: Sandbox, object_type: str, object_id: str, body: Json) -> dict[str, Any]:
    """Add to an access list."""
    known = _record(sandbox, object_type, object_id).access_control_list
    added = body.get("access_control_list") or []
    return replace(sandbox, object_type, object_id, {"access_control_list": [*known, *added]})


def _record(sandbox: Sandbox, object_type: str, object_id: str) -> PermissionsRecord:
    owner = {"user_name": USER_NAME, "permission_level": "IS_OWNER"}
    empty = PermissionsRecord(object_type=object_type, object_id=object_id, access_control_list=[owner])
    return sandbox.permissions.find(empty.key) or empty


def _shown(record: PermissionsRecord) -> dict[str, Any]:
    shown = [
        {name: value for name, value in item.items() if name != "permission_level"}
        | {"all_permissions": [{"permission_level": item.get("permission_level"), "inherited": False}]}
        for item in record.access_control_list
    ]
    return {"object_id": record.key, "object_type": record.object_type.removesuffix("s"), "access_control_list": shown}
