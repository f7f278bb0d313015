"""Every way to give credentials: which one the SDK takes, what it sends, and that no secret is ever shown."""

from __future__ import annotations

import json
import logging
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from databricks.sdk import environments, oauth
from prefect_databricks import DatabricksCredentials
from pydantic import SecretStr

from tasks.use_credentials import use_credentials
from tests.unit.workspace.conftest import LoopbackWorkspace
from workspace.accounts import account_advice
from workspace.cli import BundleCli
from workspace.credentials import WorkspaceCredentials, use_workspace
from workspace.errors import AuthenticationError
from workspace.hosts import is_account_console
from workspace.notebook_identity import notebook_identity
from workspace.redaction import redact
from workspace.sdk import check_connection, connect
from workspace.services.rest import get_json

PAT = "dapi-a-personal-token-of-no-known-shape"
SECRET = "a-client-secret-of-no-known-shape"
ACCESS = "an-access-token-made-for-this-test"
PRINCIPAL = "11112222-3333-4444-5555-666677778888"
OIDC = "/oidc/.well-known/oauth-authorization-server"


@pytest.fixture
def oauth_workspace(workspace: LoopbackWorkspace) -> LoopbackWorkspace:
    """A workspace that gives out tokens to service principals."""
    endpoints = {name: f"{workspace.host}/oidc/v1/{name}" for name in ("token", "authorize")}
    told = {"token_endpoint": endpoints["token"], "authorization_endpoint": endpoints["authorize"]}
    workspace.answer("GET", OIDC, told)
    workspace.answer("POST", "/oidc/v1/token", {"access_token": ACCESS, "token_type": "Bearer", "expires_in": 3600})
    return workspace


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Write a profile and return its name."""

    def write(**values: str) -> str:
        file = tmp_path / "databrickscfg"
        file.write_text("[team]\n" + "".join(f"{name} = {value}\n" for name, value in values.items()))
        monkeypatch.setenv("DATABRICKS_CONFIG_FILE", str(file))
        return "team"

    return write


def chosen(name: str | None = None) -> tuple[str, str]:
    """The way that the SDK takes, and the header that it sends."""
    config = connect(name).config
    return str(config.auth_type), config.authenticate()["Authorization"]


def given(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_a_personal_token_of_the_environment(workspace: LoopbackWorkspace, monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, DATABRICKS_HOST=workspace.host, DATABRICKS_TOKEN=PAT)
    assert chosen() == ("pat", f"Bearer {PAT}")


def test_a_personal_token_of_a_profile(workspace: LoopbackWorkspace, profile: Callable[..., str]) -> None:
    assert chosen(profile(host=workspace.host, token=PAT)) == ("pat", f"Bearer {PAT}")


def test_a_profile_that_the_environment_names(
    workspace: LoopbackWorkspace, profile: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given(monkeypatch, DATABRICKS_CONFIG_PROFILE=profile(host=workspace.host, token=PAT))
    assert chosen() == ("pat", f"Bearer {PAT}")


def test_a_service_principal_of_the_environment(
    oauth_workspace: LoopbackWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    given(
        monkeypatch,
        DATABRICKS_HOST=oauth_workspace.host,
        DATABRICKS_CLIENT_ID=PRINCIPAL,
        DATABRICKS_CLIENT_SECRET=SECRET,
    )
    assert chosen() == ("oauth-m2m", f"Bearer {ACCESS}")
    assert len(oauth_workspace.asked("/oidc/v1/token")) == 1


def test_a_service_principal_of_a_profile(oauth_workspace: LoopbackWorkspace, profile: Callable[..., str]) -> None:
    name = profile(host=oauth_workspace.host, client_id=PRINCIPAL, client_secret=SECRET)
    assert chosen(name) == ("oauth-m2m", f"Bearer {ACCESS}")


def test_a_service_principal_whose_secret_is_refused_is_told_without_the_secret(
    oauth_workspace: LoopbackWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    oauth_workspace.forget("POST", "/oidc/v1/token")
    oauth_workspace.answer(
        "POST", "/oidc/v1/token", {"error": "invalid_client", "error_description": SECRET}, status=401
    )
    given(
        monkeypatch,
        DATABRICKS_HOST=oauth_workspace.host,
        DATABRICKS_CLIENT_ID=PRINCIPAL,
        DATABRICKS_CLIENT_SECRET=SECRET,
    )
    with pytest.raises(AuthenticationError, match="gave out no token") as caught:
        check_connection(None)
    assert "invalid_client" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_secret_that_is_refused_in_the_middle_of_the_work_is_a_question_of_authentication(
    oauth_workspace: LoopbackWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    oauth_workspace.forget("POST", "/oidc/v1/token")
    oauth_workspace.answer("POST", "/oidc/v1/token", {"error": "invalid_client"}, status=401)
    given(
        monkeypatch,
        DATABRICKS_HOST=oauth_workspace.host,
        DATABRICKS_CLIENT_ID=PRINCIPAL,
        DATABRICKS_CLIENT_SECRET=f"{SECRET}-too-old",
    )
    with pytest.raises(AuthenticationError, match=r"reading table t.*invalid_client"):
        get_json(connect(None), "/api/2.1/unity-catalog/tables/t", {}, "reading table t")


@pytest.fixture
def entra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The workspace is one of Azure, and Entra ID gives out tokens without being asked over the network."""
    azure = next(one for one in environments.ALL_ENVS if one.dns_zone == ".azuredatabricks.net")
    monkeypatch.setattr("databricks.sdk.config.get_environment_for_hostname", lambda _host: azure)
    monkeypatch.setattr(oauth.ClientCredentials, "token", lambda _self: oauth.Token(ACCESS, "Bearer"))


@pytest.mark.usefixtures("entra")
def test_a_service_principal_of_azure(workspace: LoopbackWorkspace, monkeypatch: pytest.MonkeyPatch) -> None:
    resource = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Databricks/workspaces/w"
    given(
        monkeypatch,
        DATABRICKS_HOST=workspace.host,
        DATABRICKS_AZURE_RESOURCE_ID=resource,
        ARM_TENANT_ID="tenant",
        ARM_CLIENT_ID=PRINCIPAL,
        ARM_CLIENT_SECRET=SECRET,
    )
    assert chosen() == ("azure-client-secret", f"Bearer {ACCESS}")


def block(**values: Any) -> DatabricksCredentials:
    secrets = {name: SecretStr(value) for name, value in values.items() if name in {"token", "client_secret"}}
    return DatabricksCredentials(databricks_instance=values.pop("host"), **(values | secrets))


@pytest.mark.parametrize(
    ("identity", "way"),
    [
        ({"token": PAT}, "pat"),
        ({"client_id": PRINCIPAL, "client_secret": SECRET}, "oauth-m2m"),
    ],
)
def test_a_block_of_prefect(
    oauth_workspace: LoopbackWorkspace, monkeypatch: pytest.MonkeyPatch, identity: dict[str, str], way: str
) -> None:
    stored = block(host=oauth_workspace.host, **identity)
    monkeypatch.setattr(DatabricksCredentials, "load", lambda _name: stored)
    # What the block sets is taken back after the test.
    for name in ("DATABRICKS_HOST", "DATABRICKS_TOKEN", "DATABRICKS_CLIENT_ID", "DATABRICKS_CLIENT_SECRET"):
        monkeypatch.setenv(name, "")
    monkeypatch.setattr("tasks.use_credentials.os.environ", environment := dict(os.environ))
    use_credentials.fn("team-block")
    for name in ("DATABRICKS_HOST", "DATABRICKS_TOKEN", "DATABRICKS_CLIENT_ID", "DATABRICKS_CLIENT_SECRET"):
        monkeypatch.setenv(name, environment.get(name, ""))
    assert chosen()[0] == way


@pytest.mark.usefixtures("entra")
def test_a_block_with_a_tenant_is_azures(workspace: LoopbackWorkspace, monkeypatch: pytest.MonkeyPatch) -> None:
    environment: dict[str, str] = {}
    credentials = WorkspaceCredentials(
        host=workspace.host, client_id=PRINCIPAL, client_secret=SECRET, tenant_id="tenant"
    )
    use_workspace(environment, credentials)
    given(monkeypatch, **environment)
    assert chosen()[0] == "azure-client-secret"


@pytest.fixture
def notebook(workspace: LoopbackWorkspace, monkeypatch: pytest.MonkeyPatch) -> LoopbackWorkspace:
    """This process runs in a notebook."""
    # The port makes it another environment for each test, and so another client.
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", f"17.2-{workspace.host}")
    headers = {"Authorization": f"Bearer {ACCESS}"}
    of_notebooks = ModuleType("databricks.sdk.runtime")
    for name in ("legacy_auth", "native_unified", "repl_auth"):
        setattr(of_notebooks, f"init_runtime_{name}", None)
    vars(of_notebooks)["init_runtime_native_auth"] = lambda: (workspace.host, lambda: headers)
    monkeypatch.setitem(sys.modules, "databricks.sdk.runtime", of_notebooks)
    return workspace


def test_the_context_of_a_notebook(notebook: LoopbackWorkspace) -> None:
    assert chosen() == ("runtime", f"Bearer {ACCESS}")
    assert connect(None).config.host == notebook.host


def program_that_tells_its_identity(folder: Path) -> Path:
    """A program in the place of the CLI that writes down which identity it was given."""
    program = folder / "databricks"
    names = '["DATABRICKS_HOST", "DATABRICKS_TOKEN", "DATABRICKS_CLIENT_ID"]'
    source = f"""#!/usr/bin/env python3
import json, os, pathlib
pathlib.Path({str(folder / "given.json")!r}).write_text(json.dumps([os.environ.get(name) for name in {names}]))
print("{{}}")
"""
    program.write_text(source, encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def given_to_cli(folder: Path, profile: str | None = None) -> list[str | None]:
    BundleCli(str(program_that_tells_its_identity(folder)), folder, "dev", profile).summary()
    return list(json.loads((folder / "given.json").read_text(encoding="utf-8")))


def test_the_cli_is_given_the_identity_of_the_notebook(notebook: LoopbackWorkspace, tmp_path: Path) -> None:
    assert given_to_cli(tmp_path)[:2] == [notebook.host, ACCESS]
    assert ACCESS not in redact(f"the CLI said {ACCESS}")


def test_the_cli_is_given_the_identity_of_the_environment(
    oauth_workspace: LoopbackWorkspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given(
        monkeypatch,
        DATABRICKS_HOST=oauth_workspace.host,
        DATABRICKS_CLIENT_ID=PRINCIPAL,
        DATABRICKS_CLIENT_SECRET=SECRET,
    )
    assert given_to_cli(tmp_path) == [oauth_workspace.host, None, PRINCIPAL]


@pytest.mark.usefixtures("notebook")
def test_a_profile_counts_before_the_notebook() -> None:
    assert notebook_identity("team") == {}


def test_outside_of_notebooks_nothing_is_handed_over() -> None:
    assert notebook_identity(None) == {}


def test_the_console_of_an_account_is_told_and_its_workspaces_are_listed(
    workspace: LoopbackWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    given(monkeypatch, DATABRICKS_TOKEN=PAT, DATABRICKS_ACCOUNT_ID="a-1")
    listed = [{"workspace_id": 7, "workspace_name": "prod", "deployment_name": "dbc-1"}]
    workspace.answer("GET", "/api/2.0/accounts/a-1/workspaces", listed)
    said = account_advice(None, workspace.host)
    assert "is the console of an account, no workspace" in said
    assert "prod (dbc-1)" in said


def test_workspaces_that_may_not_be_listed_are_part_of_the_advice(
    workspace: LoopbackWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    given(monkeypatch, DATABRICKS_TOKEN=PAT, DATABRICKS_ACCOUNT_ID="a-1")
    workspace.fail("GET", "/api/2.0/accounts/a-1/workspaces", 403, "PERMISSION_DENIED", f"no, {PAT}")
    said = account_advice(None, workspace.host)
    assert "could not be listed" in said


@pytest.mark.parametrize(
    ("host", "is_console"),
    [
        ("https://accounts.cloud.databricks.com", True),
        ("https://accounts.azuredatabricks.net", True),
        ("https://accounts-dod.cloud.databricks.us", True),
        ("https://dbc-1.cloud.databricks.com", False),
        ("https://accounting.example.com", False),
    ],
)
def test_consoles_are_known_by_their_name(host: str, *, is_console: bool) -> None:
    assert is_account_console(host) is is_console


def test_connecting_to_a_console_is_refused_before_anything_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workspace.sdk.account_advice", lambda _profile, host: f"{host} is a console")
    given(monkeypatch, DATABRICKS_HOST="https://accounts.cloud.databricks.com", DATABRICKS_TOKEN=PAT)
    with pytest.raises(AuthenticationError, match=r"https://accounts.cloud.databricks.com is a console"):
        connect(None)


def test_two_identities_at_once_are_refused_without_showing_one(
    workspace: LoopbackWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    given(
        monkeypatch,
        DATABRICKS_HOST=workspace.host,
        DATABRICKS_TOKEN=PAT,
        DATABRICKS_CLIENT_ID=PRINCIPAL,
        DATABRICKS_CLIENT_SECRET=SECRET,
    )
    with pytest.raises(AuthenticationError, match="more than one authorization method") as caught:
        connect(None)
    assert PAT not in str(caught.value)
    assert SECRET not in str(caught.value)


def test_neither_secret_nor_token_is_logged(
    oauth_workspace: LoopbackWorkspace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    given(
        monkeypatch,
        DATABRICKS_HOST=oauth_workspace.host,
        DATABRICKS_CLIENT_ID=PRINCIPAL,
        DATABRICKS_CLIENT_SECRET=SECRET,
    )
    oauth_workspace.answer("GET", "/api/2.0/preview/scim/v2/Me", {"userName": "sp"})
    with caplog.at_level(logging.DEBUG, logger="databricks.sdk"):
        connect(None).current_user.me()
    assert SECRET not in caplog.text
    assert ACCESS not in caplog.text
    assert SECRET not in redact(f"it said {SECRET}")
