"""Reads the lock file that `bundle deploy` keeps in the workspace (facts: cli-contract, what a deploy calls)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import AwareDatetime, ConfigDict, Field, ValidationError

from workspace.model import Model
from workspace.sdk import translated

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

LOCK_NAME = "deploy.lock"


class DeployLock(Model):
    """Who holds the CLI's lock on a target, as the CLI writes it; newer CLIs may write more."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(alias="ID")
    user: str = Field(alias="User")
    acquired_at: AwareDatetime = Field(alias="AcquisitionTime")


def read_deploy_lock(client: WorkspaceClient, state_root: str) -> DeployLock | None:
    """Return the lock in a target's state folder; None when there is none, or none of a known form.

    Raises:
        WorkspaceRequestError: the file cannot be read.
    """
    from databricks.sdk.errors import NotFound  # noqa: PLC0415 - loaded with the client

    path = f"{state_root.rstrip('/')}/{LOCK_NAME}"
    with translated(f"reading the deploy lock {path}"):
        try:
            content = client.workspace.download(path).read()
        except NotFound:
            return None
    try:
        return DeployLock.model_validate_json(content)
    except ValidationError:
        return None  # the CLI says what it thinks of it when it deploys
