"""How long the access tokens of this identity are good for, where the workspace tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workspace.errors import WorkspaceRequestError
from workspace.model import Model
from workspace.redaction import redact
from workspace.services.rest import get_json

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

_NOT_TOLD = {400, 403, 404, 501}


class TokenExpiry(Model):
    """One access token; its value is never told."""

    comment: str
    expires_ms: int
    """0 for a token without an end."""


class Tokens(Model):
    """What the workspace tells about the credentials in use."""

    kind: str
    """`pat`, `oauth-m2m` …: how the SDK logs in."""
    told: bool
    """False when the workspace does not say how long they are good for."""
    tokens: tuple[TokenExpiry, ...] = ()


def tokens(client: WorkspaceClient) -> Tokens:
    """Return the tokens of this identity with their ends; only personal access tokens have one that is told.

    Raises:
        WorkspaceRequestError: the question failed for another reason than that it is not answered here.
    """
    kind = str(client.config.auth_type or "")
    if kind != "pat":
        return Tokens(kind=kind, told=False)
    try:
        listed = get_json(client, "/api/2.0/token/list", {}, "reading how long the credentials are good for")
    except WorkspaceRequestError as error:
        if error.status in _NOT_TOLD:
            return Tokens(kind=kind, told=False)
        raise
    found = tuple(
        TokenExpiry(comment=redact(str(one.get("comment") or "")), expires_ms=max(int(one.get("expiry_time") or 0), 0))
        for one in listed.get("token_infos") or []
    )
    return Tokens(kind=kind, told=True, tokens=found)
