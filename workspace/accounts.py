"""The console of an account is no workspace: say so, and which workspaces the account has as far as it tells."""

from __future__ import annotations

from workspace.redaction import redact

MAX_LISTED = 20


def account_advice(profile: str | None, host: str) -> str:
    """Return what to tell somebody whose host is the console of an account."""
    named = f" (profile {profile})" if profile else ""
    listed = "\n".join(f"  - {one}" for one in _workspaces(profile, host))
    return (
        f"{host}{named} is the console of an account, no workspace: bundles are deployed to a workspace. Name its "
        f"host, https://<workspace>, in DATABRICKS_HOST, the profile, or workspace.host of the bundle.\n{listed}"
    ).rstrip()


def _workspaces(profile: str | None, host: str) -> list[str]:
    """Return the account's workspaces, or one line that says why they are not known."""
    from databricks.sdk import AccountClient  # noqa: PLC0415 - two seconds that only this mistake costs
    from databricks.sdk.core import Config  # noqa: PLC0415 - as above

    try:
        config = Config(profile=profile, host=host, retry_timeout_seconds=5, http_timeout_seconds=10)
        if not config.account_id:
            return ["With DATABRICKS_ACCOUNT_ID, or account_id in the profile, its workspaces are listed here."]
        found = list(AccountClient(config=config).workspaces.list())
    except Exception as error:  # noqa: BLE001 - the list is a help; whatever keeps us from it is part of the advice
        return [f"Its workspaces could not be listed: {redact(str(error).partition('. Config:')[0])}"]
    names = [redact(f"{one.workspace_name} ({one.deployment_name or one.workspace_id})") for one in found[:MAX_LISTED]]
    more = [f"and {len(found) - MAX_LISTED} more"] if len(found) > MAX_LISTED else []
    return ["Its workspaces:", *names, *more] if names else ["The account has no workspaces that you may see."]
