"""Finds host and token: the bundle's host first, then the environment, then a profile."""

from __future__ import annotations

import configparser
from collections.abc import Mapping
from pathlib import Path

from sandbox.standin.diagnostics import BundleError

NO_CREDENTIALS = (
    "default auth: cannot configure default credentials, please check "
    "https://docs.databricks.com/en/dev-tools/auth.html#databricks-client-unified-authentication "
    "to configure credentials for your preferred authentication method"
)


def find_credentials(env: Mapping[str, str], profile: str | None, bundle_host: str | None = None) -> tuple[str, str]:
    """Return host and token.

    Raises:
        BundleError: there are none, or the profile is not there.
    """
    profile = profile or env.get("DATABRICKS_CONFIG_PROFILE")
    host = bundle_host or env.get("DATABRICKS_HOST")
    token = env.get("DATABRICKS_TOKEN")
    if profile or not (host and token):
        section = _profile(env, profile)
        host = bundle_host or section.get("host") or host
        token = section.get("token") or token
    if not host or not token:
        raise BundleError(NO_CREDENTIALS)
    host = str(host).rstrip("/")
    return (host if "://" in host else f"https://{host}"), token


def _profile(env: Mapping[str, str], name: str | None) -> dict[str, str]:
    path = Path(env.get("DATABRICKS_CONFIG_FILE") or Path(env.get("HOME", "~")).expanduser() / ".databrickscfg")
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
