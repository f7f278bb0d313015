"""Turns an environment to one workspace, so that SDK and CLI reach the same one as the same identity."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, field

from workspace.errors import AuthenticationError
from workspace.hosts import normal_host
from workspace.redaction import register_secret

_IDENTITY = ("DATABRICKS_", "ARM_", "GOOGLE_CREDENTIALS")
_KEPT = tuple(f"DATABRICKS_{name}" for name in ("CONFIG_FILE", "BUNDLE_", "CACHE_", "CLI_", "TF_"))
"""How the variables of the tools begin that name neither a workspace nor an identity."""


@dataclass(frozen=True)
class WorkspaceCredentials:
    """A workspace, and a token or a service principal for it."""

    host: str
    token: str | None = field(default=None, repr=False)
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    tenant_id: str | None = None
    """Tenant of Microsoft Entra ID; set, the service principal is Entra's and not Databricks' own."""


def use_workspace(environment: MutableMapping[str, str], credentials: WorkspaceCredentials) -> None:
    """Let the environment name this workspace and identity, and no other.

    Raises:
        AuthenticationError: there is neither a token nor a service principal.
    """
    register_secret(credentials.token)
    register_secret(credentials.client_secret)
    if credentials.token:
        identity = {"DATABRICKS_TOKEN": credentials.token}
    elif credentials.client_id and credentials.client_secret:
        names = ("DATABRICKS_CLIENT_ID", "DATABRICKS_CLIENT_SECRET")
        if credentials.tenant_id:
            names = ("ARM_CLIENT_ID", "ARM_CLIENT_SECRET")
        identity = dict(zip(names, (credentials.client_id, credentials.client_secret), strict=True))
        identity |= {"ARM_TENANT_ID": credentials.tenant_id} if credentials.tenant_id else {}
    else:
        raise AuthenticationError(f"The credentials for {credentials.host} hold neither a token nor a client secret.")
    _forget(environment)
    environment["DATABRICKS_HOST"] = normal_host(credentials.host)
    environment.update(identity)


def use_profile(environment: MutableMapping[str, str], name: str) -> None:
    """Let the environment name this profile of the configuration file, and no other identity."""
    _forget(environment)
    environment["BUNDLEOPS_PROFILE"] = name


def _forget(environment: MutableMapping[str, str]) -> None:
    """Two identities at once would be refused, or the wrong one taken."""
    for name in [name for name in environment if name.startswith(_IDENTITY) and not name.startswith(_KEPT)]:
        del environment[name]
    environment.pop("BUNDLEOPS_PROFILE", None)
