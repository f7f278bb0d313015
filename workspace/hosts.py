"""Which workspace host a call would reach, and whether anything answers there. Needs no SDK and no credentials."""

from __future__ import annotations

import configparser
import os
from collections.abc import Mapping
from pathlib import Path

import httpx

from workspace.errors import AuthenticationError, HostUnreachableError, SetupError
from workspace.redaction import redact

MAX_PORT = 65_535
METADATA_PATH = "/.well-known/databricks-config"


def config_file() -> Path:
    """Return where the profiles are."""
    return Path(os.environ.get("DATABRICKS_CONFIG_FILE") or "~/.databrickscfg").expanduser()


def require_profile(name: str) -> None:
    """Refuse a profile that is not there: the SDK ignores one when there is no file, and takes the environment.

    Raises:
        AuthenticationError: there is no such profile.
    """
    known = [one for one in configured_profiles() if one != "__settings__"]
    if name not in known:
        raise AuthenticationError(
            f"There is no profile {name!r} in {config_file()}; it has: {', '.join(known) or 'none'}. Name one of them, "
            f"or make it: databricks auth login --host https://<workspace> --profile {name}"
        )


def configured_profiles() -> dict[str, dict[str, str]]:
    """Return the profiles of the Databricks configuration file, empty when there is no file.

    Raises:
        AuthenticationError: the file is not readable as a configuration file.
    """
    path = config_file()
    if not path.is_file():
        return {}
    parser = configparser.ConfigParser(interpolation=None, default_section="")
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except (configparser.Error, OSError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise AuthenticationError(f"{path} is not readable: {reason}. Correct it or write it anew.") from None
    return {name: dict(parser[name]) for name in parser.sections()}


def profile_for_host(host: str, profiles: Mapping[str, Mapping[str, str]]) -> str | None:
    """Return the one profile for this host, as the CLI chooses it; None when none or several fit."""
    wanted = normal_host(host)
    fitting = [name for name, values in profiles.items() if _authority(values.get("host", "")) == wanted]
    return fitting[0] if len(fitting) == 1 else None


def host_of(profile: str | None) -> str | None:
    """Return the host that the environment or the profile names, None when neither does."""
    if from_environment := os.environ.get("DATABRICKS_HOST"):
        return normal_host(from_environment)
    name = profile or os.environ.get("DATABRICKS_CONFIG_PROFILE") or "DEFAULT"
    host = configured_profiles().get(name, {}).get("host")
    return normal_host(host) if host else None


def normal_host(host: str) -> str:
    """Return a host as scheme and authority, without path, query or trailing slash.

    Raises:
        SetupError: it is no address.
    """
    authority = _authority(host)
    if authority is None:
        raise SetupError(
            f"{redact(host)!r} is no address of a workspace. Write it as https://<workspace>, where it stands: in "
            "DATABRICKS_HOST, in the profile, or as workspace.host in the bundle."
        )
    return authority


def _authority(host: str) -> str | None:
    """Return scheme and authority; nothing for no host, None for one that is no address."""
    if not host:
        return ""
    try:
        url = httpx.URL(host if "://" in host else f"https://{host}")
    except (httpx.InvalidURL, ValueError):
        return None
    is_address = bool(url.host) and (url.port or 0) <= MAX_PORT
    return f"{url.scheme}://{url.netloc.decode()}" if is_address else None


def is_account_console(host: str) -> bool:
    """Tell whether a host is the console of an account: it knows the account's workspaces and is none of them."""
    return httpx.URL(host).host.startswith(("accounts.", "accounts-dod."))


def probe(host: str, timeout_seconds: float) -> None:
    """Ask the host for its public metadata; any HTTP answer will do.

    Raises:
        HostUnreachableError: no answer, no such name, or no trusted connection.
    """
    try:
        with httpx.Client(timeout=timeout_seconds, follow_redirects=False) as client:
            client.get(f"{host}{METADATA_PATH}")
    except httpx.TimeoutException:
        raise HostUnreachableError(
            f"{host} gave no answer within {timeout_seconds:g} s. Check the host, VPN, proxy and IP access lists."
        ) from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise HostUnreachableError(_explain(host, str(error))) from None


def _explain(host: str, reason: str) -> str:
    lowered = reason.lower()
    if "certificate" in lowered or "ssl" in lowered or "tls" in lowered:
        return f"{host}: no trusted TLS connection ({reason}). Install the missing certificate authority."
    if "name or service" in lowered or "nodename" in lowered or "name resolution" in lowered:
        return f"{host}: the name is unknown to DNS ({reason}). Check the host's spelling and the network."
    return f"{host} is not reachable ({reason}). Check the host, VPN, proxy and whether the workspace runs."
