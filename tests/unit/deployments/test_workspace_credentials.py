from __future__ import annotations

import pytest

from workspace.credentials import WorkspaceCredentials, use_profile, use_workspace
from workspace.errors import AuthenticationError
from workspace.redaction import redact

BEFORE = {
    "DATABRICKS_HOST": "https://old.example.com",
    "DATABRICKS_TOKEN": "dapi-old",
    "DATABRICKS_CONFIG_PROFILE": "old",
    "DATABRICKS_CONFIG_FILE": "/etc/databrickscfg",
    "ARM_CLIENT_ID": "old",
    "BUNDLEOPS_PROFILE": "old",
    "PATH": "/bin",
}
KEPT = {"DATABRICKS_CONFIG_FILE": "/etc/databrickscfg", "PATH": "/bin"}


def turned_to(**credentials: str) -> dict[str, str]:
    environment = dict(BEFORE)
    use_workspace(environment, WorkspaceCredentials(host="new.example.com", **credentials))
    return environment


def test_a_token_replaces_every_other_identity() -> None:
    identity = {"DATABRICKS_HOST": "https://new.example.com", "DATABRICKS_TOKEN": "dapi-new-token"}
    assert turned_to(token="dapi-new-token") == KEPT | identity


def test_a_service_principal_is_passed_as_such() -> None:
    found = turned_to(client_id="id", client_secret="principal-secret")
    assert (found["DATABRICKS_CLIENT_ID"], found["DATABRICKS_CLIENT_SECRET"]) == ("id", "principal-secret")


def test_with_a_tenant_the_service_principal_is_azures() -> None:
    found = turned_to(client_id="id", client_secret="principal-secret", tenant_id="tenant")
    assert (found["ARM_CLIENT_ID"], found["ARM_TENANT_ID"]) == ("id", "tenant")
    assert "DATABRICKS_CLIENT_ID" not in found


def test_the_secrets_are_redacted_from_then_on() -> None:
    turned_to(token="unusual-secret-value")
    assert redact("it said unusual-secret-value") == "it said [REDACTED]"


def test_without_any_secret_nothing_is_changed() -> None:
    environment = dict(BEFORE)
    with pytest.raises(AuthenticationError, match="neither a token nor a client secret"):
        use_workspace(environment, WorkspaceCredentials(host="new.example.com"))
    assert environment == BEFORE


def test_a_profile_replaces_every_other_identity() -> None:
    environment = dict(BEFORE)
    use_profile(environment, "prod")
    assert environment == KEPT | {"BUNDLEOPS_PROFILE": "prod"}


def test_credentials_do_not_show_their_secrets() -> None:
    assert "hidden" not in repr(WorkspaceCredentials(host="h", token="hidden", client_secret="hidden"))
