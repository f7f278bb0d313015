"""The deploy lock: a file in the workspace that only one deploy can create."""

from __future__ import annotations

import contextlib
import json
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from sandbox.standin.bundle import Bundle
from sandbox.standin.denied import report_denied
from sandbox.standin.diagnostics import AlreadyReportedError, BundleError
from sandbox.standin.http import ApiError


@contextlib.contextmanager
def deploy_lock(bundle: Bundle) -> Iterator[None]:
    """Hold the deploy lock, unless the bundle turns it off.

    Raises:
        BundleError: somebody else holds it.
    """
    if bundle.config.plain("bundle", "deployment", "lock", "enabled") is False:
        yield
        return
    forced = bundle.call.options.force_lock or bundle.config.plain("bundle", "deployment", "lock", "force") is True
    try:
        lock = _acquire(bundle, forced=forced)
    except ApiError as error:
        if error.status != HTTPStatus.FORBIDDEN:
            raise
        bundle.call.log.write("ERROR", f"Failed to acquire deployment lock: access denied: {_path(bundle)}")
        report_denied(bundle)
        raise AlreadyReportedError from error
    except BundleError as error:
        bundle.call.log.write("ERROR", f"Failed to acquire deployment lock: {error}")
        raise
    try:
        yield
    finally:
        _release(bundle, lock)


def _path(bundle: Bundle) -> str:
    return f"{bundle.remote('state')}/deploy.lock"


def _acquire(bundle: Bundle, *, forced: bool) -> dict[str, Any]:
    lock = {
        "ID": str(uuid.uuid4()),
        "AcquisitionTime": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "IsForced": forced,
        "User": bundle.user["userName"],
    }
    try:
        _create(bundle, lock, forced=forced)
    except ApiError as error:
        if error.status != HTTPStatus.CONFLICT:
            raise
    holder = _holder(bundle)
    if holder.get("ID") != lock["ID"]:
        raise BundleError(_held_old(holder) if bundle.call.is_old else _held(holder))
    return lock


def _create(bundle: Bundle, lock: dict[str, Any], *, forced: bool) -> None:
    content = json.dumps(lock).encode()
    try:
        bundle.client.import_file(_path(bundle), content, overwrite=forced)
    except ApiError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        bundle.client.mkdirs(bundle.remote("state"))
        bundle.client.import_file(_path(bundle), content, overwrite=forced)


def _holder(bundle: Bundle) -> dict[str, Any]:
    if bundle.client.status(_path(bundle), export_info=True) is None:
        raise BundleError("the deploy lock was released while it was being read; try again")
    content = bundle.client.export(_path(bundle))
    try:
        holder: dict[str, Any] = json.loads(content)
    except ValueError as error:
        raise BundleError(f"the deploy lock {_path(bundle)} is not readable: {error}") from error
    return holder


def _release(bundle: Bundle, lock: dict[str, Any]) -> None:
    # Destroy removes the folder with the lock in it.
    if bundle.client.status(_path(bundle), export_info=True) is None:
        return
    if _holder(bundle).get("ID") != lock["ID"]:
        bundle.call.log.write("WARN", "Failed to release deployment lock: another deploy has taken it over")
        return
    bundle.client.remove(_path(bundle))


def _held(holder: dict[str, Any]) -> str:
    forced = "force-acquired" if holder.get("IsForced") else "acquired"
    return (
        f"deploy lock {forced} by {holder.get('User')} at {_as_go_time(str(holder.get('AcquisitionTime')))}.\n"
        "Another deployment may be in progress. Use --force-lock to override, but this may\n"
        "conflict with the other deployment if it is still active"
    )


def _held_old(holder: dict[str, Any]) -> str:
    forced = "force acquired" if holder.get("IsForced") else "acquired"
    taken = _as_go_time(str(holder.get("AcquisitionTime")))
    return f"deploy lock {forced} by {holder.get('User')} at {taken}. Use --force-lock to override"


def _as_go_time(text: str) -> str:
    """Write an RFC 3339 time as the original prints it: `2026-01-01 00:00:00 +0000 UTC`."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:(\.\d*?)0*)?(Z|[+-]\d\d:\d\d)", text)
    if match is None:
        return text
    day, clock, fraction, zone = match.groups(default="")
    offset = "+0000 UTC" if zone in {"Z", "+00:00"} else f"{zone.replace(':', '')} {zone.replace(':', '')}"
    return f"{day} {clock}{'' if fraction == '.' else fraction} {offset}"
