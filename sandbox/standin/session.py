"""Finds host and token, and greets the workspace as the official CLI does before every command."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

from sandbox.standin.bundle import Bundle, Call
from sandbox.standin.diagnostics import BundleError
from sandbox.standin.http import ApiError, Client

_NO_CREDENTIALS = (
    "failed during request visitor: default auth: cannot configure default credentials, please check "
    "https://docs.databricks.com/en/dev-tools/auth.html#databricks-client-unified-authentication "
    "to configure credentials for your preferred authentication method"
)


def connect(bundle: Bundle) -> None:
    """Log in and learn who we are."""
    host, token = _credentials(bundle)
    bundle.connection = client = Client(host, token)
    bundle.call.closing.callback(client.close)
    _read_host_metadata(bundle.call, client)
    me = client.get("/api/2.0/preview/scim/v2/Me")
    name = str(me.get("userName") or "")
    local = name.partition("@")[0]
    bundle.user = {key: me[key] for key in ("active", "displayName", "id", "userName") if key in me} | {
        "domain_friendly_name": re.sub(r"[^a-zA-Z0-9]", "-", local),
        "short_name": re.sub(r"[^a-zA-Z0-9]", "_", local),
    }
    bundle.config.set(("workspace", "current_user"), bundle.user)


def _read_host_metadata(call: Call, client: Client) -> None:
    try:
        metadata = client.get("/.well-known/databricks-config", public=True)
    except ApiError:
        call.say(f"Warn: [hostmetadata] failed to fetch host metadata for {client.host}, will skip for 1m0s")
        return
    client.workspace_id = str(metadata.get("workspace_id") or "")


def _credentials(bundle: Bundle) -> tuple[str, str]:
    env, config = bundle.call.env, bundle.config
    profile = bundle.call.options.profile or config.plain("workspace", "profile")
    profile = profile or env.get("DATABRICKS_CONFIG_PROFILE")
    host = config.plain("workspace", "host") or env.get("DATABRICKS_HOST")
    token = env.get("DATABRICKS_TOKEN")
    if profile or not (host and token):
        section = _profile(bundle.call, profile)
        host = config.plain("workspace", "host") or section.get("host") or host
        token = section.get("token") or token
    if not host or not token:
        raise BundleError(_NO_CREDENTIALS)
    host = str(host).rstrip("/")
    return (host if "://" in host else f"https://{host}"), token


def _profile(call: Call, name: str | None) -> dict[str, str]:
    path = Path(
        call.env.get("DATABRICKS_CONFIG_FILE") or Path(call.env.get("HOME", "~")).expanduser() / ".databrickscfg"
    )
    parser = configparser.ConfigParser(interpolation=None, default_section="\0")
    try:
        parser.read_string(path.read_text(encoding="utf-8") if path.is_file() else "")
    except configparser.Error as error:
        raise BundleError(f"cannot parse config file: {path}: {error}") from error
    section = name or "DEFAULT"
    if parser.has_section(section):
        return dict(parser[section])
    if name:
        raise BundleError(f"resolve: {path} has no {name} profile configured. Config: profile={name}")
    return {}
