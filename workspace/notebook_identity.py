"""Inside a notebook the SDK takes the notebook's own identity; the CLI, a program of its own, has to be handed it."""

from __future__ import annotations

import os

from workspace.redaction import register_secret
from workspace.sdk import connect, translated

_OF_NOTEBOOKS = {"runtime", "runtime-oauth"}


def notebook_identity(profile: str | None) -> dict[str, str]:
    """Return the variables that give the CLI the identity of the notebook in which this process runs.

    Empty outside of notebooks, and where a profile or the environment names an identity: the CLI reads those itself.
    The token is read anew each time, since it lasts for hours only.

    Raises:
        AuthenticationError: there are no credentials.
    """
    if profile or "DATABRICKS_RUNTIME_VERSION" not in os.environ:
        return {}
    config = connect(None).config
    if config.auth_type not in _OF_NOTEBOOKS:
        return {}
    with translated("taking the notebook's identity"):
        token = config.authenticate().get("Authorization", "").removeprefix("Bearer ")
    register_secret(token)
    return {"DATABRICKS_HOST": str(config.host), "DATABRICKS_TOKEN": token, "DATABRICKS_AUTH_TYPE": "pat"}
