"""Turn this process to a workspace: a credentials block of Prefect, a profile, or what the environment says."""

from __future__ import annotations

import os

from prefect import task

from tasks.retry_policies import LOCAL
from workspace.credentials import WorkspaceCredentials, use_profile, use_workspace
from workspace.errors import AuthenticationError, UsageError

PROFILE = "profile:"


@task(task_run_name="use credentials", **LOCAL)
def use_credentials(credentials: str | None) -> None:
    """Take the workspace's address and credentials from where they are named.

    Args:
        credentials: Name of a DatabricksCredentials block, or `profile:NAME`; None leaves the environment as it is.

    Raises:
        UsageError: there is no such block or profile name.
        AuthenticationError: the block holds no address of a workspace.
    """
    if not credentials:
        return
    if credentials.startswith(PROFILE):
        name = credentials.removeprefix(PROFILE).strip()
        if not name:
            raise UsageError("`profile:` needs the name of a profile after it, such as `profile:DEFAULT`.")
        use_profile(os.environ, name)
    else:
        use_workspace(os.environ, _block(credentials))


def _block(name: str) -> WorkspaceCredentials:
    # Half a second that only those pay who use a block.
    from prefect_databricks import DatabricksCredentials  # noqa: PLC0415

    try:
        block = DatabricksCredentials.load(name)
    except ValueError as error:
        raise UsageError(_advice(name, str(error))) from None
    host = block.databricks_instance.strip()
    if not host:
        raise AuthenticationError(
            f"The DatabricksCredentials block {name!r} has no `databricks_instance`. Enter the workspace's address "
            "there, such as dbc-a1b2345c-d6e7.cloud.databricks.com."
        )
    return WorkspaceCredentials(
        host=host,
        token=block.token.get_secret_value() if block.token else None,
        client_id=block.client_id,
        client_secret=block.client_secret.get_secret_value() if block.client_secret else None,
        tenant_id=block.tenant_id,
    )


def _advice(name: str, said: str) -> str:
    if "Unable to find block document" in said:
        return (
            f"Prefect has no DatabricksCredentials block {name!r}. Create it in Prefect's UI (Blocks), name another "
            "block, or name a profile with `profile:NAME`."
        )
    # What pydantic says about a block shows the block's values.
    return f"The DatabricksCredentials block {name!r} cannot be used: it needs a token, or client id and client secret."
