from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from databricks.sdk import errors

from workspace.errors import AuthenticationError, HostUnreachableError, WorkspaceRequestError
from workspace.hosts import normal_host
from workspace.redaction import redact
from workspace.sdk import check_connection, connect, translate

if TYPE_CHECKING:
    from .conftest import LoopbackWorkspace

ME = "/api/2.0/preview/scim/v2/Me"
TOKEN = "a-token-of-no-known-shape"


@pytest.fixture
def credentials(workspace: LoopbackWorkspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABRICKS_HOST", workspace.host)
    monkeypatch.setenv("DATABRICKS_TOKEN", TOKEN)


@pytest.fixture
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "databrickscfg"
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", str(file))
    return file


@pytest.fixture
def silent_host() -> Iterator[str]:
    """A host that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.usefixtures("credentials")
def test_a_good_connection_says_where_and_as_whom(workspace: LoopbackWorkspace) -> None:
    workspace.answer("GET", ME, {"userName": "tester@example.com"})
    found = check_connection(None)
    assert (found.host, found.user, found.workspace_id) == (workspace.host, "tester@example.com", "900800700600")


@pytest.mark.usefixtures("credentials")
def test_one_client_serves_one_profile() -> None:
    assert connect(None) is connect(None)


@pytest.mark.usefixtures("credentials")
def test_changed_credentials_make_another_client(monkeypatch: pytest.MonkeyPatch) -> None:
    first = connect(None)
    monkeypatch.setenv("DATABRICKS_TOKEN", "another-token")
    assert connect(None) is not first


@pytest.mark.usefixtures("credentials")
def test_the_token_is_redacted_from_then_on() -> None:
    connect(None)
    assert TOKEN not in redact(f"sent {TOKEN}")


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize(("status", "code"), [(401, "UNAUTHENTICATED"), (403, "PERMISSION_DENIED")])
def test_refused_credentials_come_with_the_login_command(workspace: LoopbackWorkspace, status: int, code: str) -> None:
    workspace.fail("GET", ME, status, code, "Invalid token")
    with pytest.raises(
        AuthenticationError, match=rf"Invalid token \({status}\)[\s\S]*auth login --host {workspace.host}"
    ):
        check_connection(None)


def test_missing_credentials_come_with_the_ways_to_give_them() -> None:
    with pytest.raises(AuthenticationError, match=r"DATABRICKS_TOKEN[\s\S]*CLIENT_SECRET[\s\S]*profile"):
        check_connection(None)


def test_an_unknown_profile_is_named(profiles: Path) -> None:
    profiles.write_text("[other]\nhost = https://a.example\n")
    with pytest.raises(AuthenticationError, match="nope"):
        check_connection("nope")


def test_an_unknown_profile_is_not_replaced_by_what_the_environment_says(
    workspace: LoopbackWorkspace, monkeypatch: pytest.MonkeyPatch, profiles: Path
) -> None:
    profiles.unlink(missing_ok=True)
    monkeypatch.setenv("DATABRICKS_HOST", workspace.host)
    monkeypatch.setenv("DATABRICKS_TOKEN", "dapi-of-the-environment")
    with pytest.raises(AuthenticationError, match=r"no profile 'nobody' in .*; it has: none"):
        check_connection("nobody")


def test_a_damaged_configuration_file_is_named(profiles: Path) -> None:
    profiles.write_text("no section\n")
    with pytest.raises(AuthenticationError, match="databrickscfg is not readable"):
        connect("any")


def test_a_dead_host_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("DATABRICKS_HOST", f"http://127.0.0.1:{port}")
    with pytest.raises(HostUnreachableError, match=rf"127.0.0.1:{port} is not reachable"):
        connect(None)


def test_a_silent_host_is_told_within_the_probe_time(monkeypatch: pytest.MonkeyPatch, silent_host: str) -> None:
    monkeypatch.setenv("DATABRICKS_HOST", silent_host)
    monkeypatch.setenv("BUNDLEOPS_PROBE_TIMEOUT_SECONDS", "0.3")
    begun = time.monotonic()
    with pytest.raises(HostUnreachableError, match=r"no answer within 0.3 s"):
        check_connection(None)
    assert time.monotonic() - begun < 3


def test_a_name_that_is_no_host_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABRICKS_HOST", "https://no-such-workspace.invalid")
    with pytest.raises(HostUnreachableError, match=r"no-such-workspace\.invalid"):
        connect(None)


def test_the_bundles_host_chooses_its_profile(workspace: LoopbackWorkspace, profiles: Path) -> None:
    profiles.write_text(
        f"[DEFAULT]\nhost = https://elsewhere.invalid\ntoken = x\n[here]\nhost = {workspace.host}/\ntoken = {TOKEN}\n"
    )
    client = connect(None, host=workspace.host)
    assert (client.config.profile, normal_host(client.config.host)) == ("here", workspace.host)


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (errors.TooManyRequests("slow down"), True),
        (errors.TemporarilyUnavailable("later"), True),
        (errors.InternalError("oops"), True),
        (errors.DeadlineExceeded("late"), True),
        (errors.Aborted("again"), True),
        (TimeoutError("Timed out after 0:05:00"), True),
        (ConnectionResetError("reset"), True),
        (errors.BadRequest("no"), False),
        (errors.PermissionDenied("no"), False),
        (errors.ResourceDoesNotExist("gone"), False),
        (errors.AlreadyExists("there"), False),
    ],
)
def test_an_error_is_transient_when_the_same_request_may_succeed_later(error: Exception, transient: bool) -> None:  # noqa: FBT001 - a parameter
    translated = translate(error, "testing")
    assert isinstance(translated, WorkspaceRequestError)
    assert translated.transient is transient


def test_a_translated_error_says_what_was_being_done() -> None:
    text = str(translate(errors.PermissionDenied("not yours", error_code="PERMISSION_DENIED"), "reading run 7"))
    assert text == "Request to the workspace failed (while reading run 7): not yours (403 PERMISSION_DENIED)."


def test_an_error_class_of_its_code_keeps_the_status() -> None:
    translated = translate(errors.ResourceDoesNotExist("gone", error_code="RESOURCE_DOES_NOT_EXIST"))
    assert isinstance(translated, WorkspaceRequestError)
    assert (translated.status, translated.error_code) == (404, "RESOURCE_DOES_NOT_EXIST")
