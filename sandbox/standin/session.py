"""Greets the workspace as the official CLI does before every command."""

from __future__ import annotations

import re
from typing import Any

from sandbox.standin.bundle import Bundle, Call
from sandbox.standin.cache import FAILURE_SECONDS, HOST_SECONDS, USER_SECONDS, Cache
from sandbox.standin.credentials import NO_CREDENTIALS, find_credentials
from sandbox.standin.diagnostics import BundleError
from sandbox.standin.http import ApiError, Client
from sandbox.standin.versions import CLI_VERSION

_SHOWN_OF_USER = (
    *("active", "displayName", "emails", "entitlements", "externalId", "groups", "id", "name", "roles", "schemas"),
    "userName",
)


def connect(bundle: Bundle) -> None:
    """Log in and learn who we are."""
    call = bundle.call
    profile = call.options.profile or bundle.config.plain("workspace", "profile")
    try:
        host, token = find_credentials(call.env, profile, bundle.config.plain("workspace", "host"))
    except BundleError as error:
        if error.summary != NO_CREDENTIALS:
            raise
        raise BundleError(f"failed during request visitor: {error.summary}") from error
    bundle.connection = client = Client(host, token)
    call.closing.callback(client.close)
    cache = Cache(call.env, CLI_VERSION)
    _read_host_metadata(call, client, cache)
    me = _read_user(client, cache, token)
    name = str(me.get("userName") or "")
    local = name.partition("@")[0]
    bundle.user = {key: me[key] for key in _SHOWN_OF_USER if key in me} | {
        "domain_friendly_name": re.sub(r"[^a-zA-Z0-9]", "-", local),
        "short_name": re.sub(r"[^a-zA-Z0-9]", "_", local),
    }
    bundle.config.set(("workspace", "current_user"), bundle.user)


def _read_user(client: Client, cache: Cache, token: str) -> dict[str, Any]:
    key = f"{client.host}\n{token}"
    me = cache.read("user", key, USER_SECONDS)
    if me is None:
        me = client.get("/api/2.0/preview/scim/v2/Me?")
        cache.write("user", key, me)
    return me


def _read_host_metadata(call: Call, client: Client, cache: Cache) -> None:
    if cache.read("host-metadata-negative", client.host, FAILURE_SECONDS) is not None:
        return
    metadata = cache.read("host-metadata", client.host, HOST_SECONDS)
    if metadata is None:
        try:
            metadata = client.get("/.well-known/databricks-config", public=True)
        except ApiError:
            cache.write("host-metadata-negative", client.host, {})
            call.log.write(
                "WARN", f"[hostmetadata] failed to fetch host metadata for {client.host}, will skip for 1m0s"
            )
            return
        cache.write("host-metadata", client.host, metadata)
    client.workspace_id = str(metadata.get("workspace_id") or "")
