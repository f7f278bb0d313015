"""Connects to a workspace through the SDK, and puts its errors into our words. The slow SDK is imported late."""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import os
import threading
import time
import traceback
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from workspace.accounts import account_advice
from workspace.errors import AuthenticationError, OperatorError, WorkspaceRequestError
from workspace.hosts import (
    configured_profiles,
    host_of,
    is_account_console,
    normal_host,
    probe,
    profile_for_host,
    require_profile,
)
from workspace.models import ConnectionInfo
from workspace.redaction import redact, register_secret
from workspace.settings import settings

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.clock import Clock
    from databricks.sdk.core import Config

RETRY_SECONDS = 300
_SECRET_FIELDS = ("token", "client_secret", "azure_client_secret", "password", "google_credentials")
_WAYS = """Ways to give credentials:
  - DATABRICKS_HOST with DATABRICKS_TOKEN
  - DATABRICKS_HOST with DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET (service principal)
  - DATABRICKS_HOST with ARM_TENANT_ID, ARM_CLIENT_ID and ARM_CLIENT_SECRET (service principal of Azure)
  - a profile: databricks auth login --host https://<workspace> --profile <name>, then BUNDLEOPS_PROFILE=<name>"""


def connect(profile: str | None, host: str | None = None) -> WorkspaceClient:
    """Return the client for a profile; the same one for the same profile and environment.

    Args:
        profile: profile of the configuration file; None takes what the environment says.
        host: host that the bundle names. Without a profile and without credentials in the environment the one profile
            for this host is taken, as the CLI does, so that both reach the same workspace.

    Raises:
        HostUnreachableError: nothing answers at the host.
        AuthenticationError: there are no credentials, they contradict each other, or there is no such profile.
    """
    if profile:
        require_profile(profile)
    if host and not profile and not _credentials_in_environment():
        profile = profile_for_host(host, configured_profiles())
    return _connect(profile, normal_host(host or ""), _environment())


def check_connection(profile: str | None, host: str | None = None) -> ConnectionInfo:
    """Return which workspace answers and as whom.

    Raises:
        HostUnreachableError: nothing answers at the host.
        AuthenticationError: there are no credentials, or the workspace refuses them.
    """
    client = connect(profile, host)
    with translated("asking who the caller is"):
        try:
            user = client.current_user.me().user_name or ""
        except Exception as error:
            if _status(error) in {401, 403}:
                raise AuthenticationError(_login_advice(client, profile, error)) from None
            raise
        workspace_id = client.config.workspace_id or client.get_workspace_id()
    return ConnectionInfo(host=normal_host(client.config.host or ""), user=user, workspace_id=str(workspace_id))


@functools.lru_cache(maxsize=16)
def without_retries(client: WorkspaceClient) -> WorkspaceClient:
    """Return a client with the same identity that tries each request once.

    For who looks again anyway: the SDK's own retries would hold a shared thread for minutes, and keep what the
    workspace says in `Retry-After` to themselves.
    """
    from databricks.sdk import WorkspaceClient as Client  # noqa: PLC0415 - loaded by now

    config: Config = client.config.copy()  # type: ignore[no-untyped-call]  # the SDK's own lack of annotations
    config.retry_timeout_seconds = 1
    # A Config takes its clock only where it is made anew.
    config._clock = cast("Clock", _Impatient())  # noqa: SLF001
    return Client(config=config)


class _Impatient:
    """A clock for the SDK's retries on which every pause is over at once, and the time for retries with it."""

    def __init__(self) -> None:
        self._of_thread = threading.local()

    def time(self) -> float:
        """Return this thread's time in seconds."""
        return time.time() + getattr(self._of_thread, "skipped", 0.0)

    def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        self._of_thread.skipped = getattr(self._of_thread, "skipped", 0.0) + max(seconds, 2.0)


@contextlib.contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn errors of the SDK and the connection into ours; `doing` completes the sentence `while ...`."""
    try:
        yield
    except Exception as error:
        if isinstance(error, OperatorError):
            raise
        if _comes_from_taking_a_token(error):
            text = f"The identity provider gave out no token (while {doing}): {_said(error)}. Renew the credentials."
            raise AuthenticationError(text) from None
        if not _comes_from_the_workspace(error):
            raise
        raise translate(error, doing) from None


def translate(error: Exception, doing: str = "") -> OperatorError:
    """Return our error for one of the SDK or the connection."""
    error = _what_was_retried(error)
    status = _status(error)
    while_doing = f" (while {doing})" if doing else ""
    code = str(getattr(error, "error_code", "") or "")
    text = _said(error)
    if status == 401:
        return AuthenticationError(
            f"The workspace refuses the credentials{while_doing}: {text}. Log in again, then resume."
        )
    label = " ".join(part for part in (str(status or ""), code) if part) or type(error).__name__
    transient = _is_transient(error)
    advice = " The same request may succeed later." if transient else ""
    message = f"Request to the workspace failed{while_doing}: {text} ({label}).{advice}"
    retry_after = getattr(error, "retry_after_secs", None)
    return WorkspaceRequestError(message, status=status, error_code=code, transient=transient, retry_after=retry_after)


def _what_was_retried(error: Exception) -> Exception:
    """The SDK gives up on a passing fault with a `TimeoutError` that names only its own patience."""
    cause = error.__cause__
    return cause if isinstance(error, TimeoutError) and isinstance(cause, Exception) else error


@functools.lru_cache(maxsize=8)
def _connect(profile: str | None, host: str, environment: tuple[tuple[str, str], ...]) -> WorkspaceClient:
    """The environment is an argument so that changed credentials make a new client."""
    del environment
    known_host = host or host_of(profile)
    if known_host and is_account_console(known_host):
        raise AuthenticationError(account_advice(profile, known_host))
    if known_host:
        probe(known_host, settings().probe_timeout_seconds)
    from databricks.sdk import WorkspaceClient  # noqa: PLC0415 - two seconds that most commands do not need
    from databricks.sdk.core import Config  # noqa: PLC0415 - as above

    arguments: dict[str, Any] = {"host": host} if host else {}
    try:
        config = Config(
            profile=profile,
            product="bundleops",
            product_version=importlib.metadata.version("bundleops"),
            retry_timeout_seconds=RETRY_SECONDS,
            **arguments,
        )
    except ValueError as error:
        raise AuthenticationError(_credentials_advice(error)) from None
    for field in _SECRET_FIELDS:
        if secret := getattr(config, field, None):
            register_secret(secret)
    return WorkspaceClient(config=config)


def _environment() -> tuple[tuple[str, str], ...]:
    prefixes = ("DATABRICKS_", "ARM_", "GOOGLE_")
    return tuple(sorted((name, value) for name, value in os.environ.items() if name.startswith(prefixes)))


def _credentials_in_environment() -> bool:
    names = (
        "DATABRICKS_TOKEN",
        "DATABRICKS_CLIENT_ID",
        "DATABRICKS_CONFIG_PROFILE",
        "ARM_CLIENT_ID",
        "DATABRICKS_AUTH_TYPE",
    )
    return any(os.environ.get(name) for name in names)


def _credentials_advice(error: Exception) -> str:
    return f"No usable credentials: {_said(error)}.\n{_WAYS}"


def _said(error: Exception) -> str:
    """Return the workspace's own words; the SDK adds the whole configuration to some errors."""
    return redact(str(error).partition(". Config:")[0].strip().rstrip(".")) or type(error).__name__


def _login_advice(client: WorkspaceClient, profile: str | None, error: Exception) -> str:
    host = normal_host(client.config.host or "")
    name = profile or client.config.profile
    login = f"databricks auth login --host {host}" + (f" --profile {name}" if name else "")
    return (
        f"{host} refuses the credentials ({client.config.auth_type}): {_said(error)} ({_status(error)}).\n"
        f"A person logs in again with: {login}\n"
        "A service principal or token needs a new secret, or access to the workspace."
    )


def _comes_from_taking_a_token(error: Exception) -> bool:
    """The SDK tells a refused client secret, and a provider's answer that it cannot read, with errors of Python."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    of_tokens = any(frame.f_globals.get("__name__") == "databricks.sdk.oauth" for frame in frames)
    return of_tokens and isinstance(error, ValueError | KeyError) and not _comes_from_the_workspace(error)


def _comes_from_the_workspace(error: Exception) -> bool:
    import requests  # noqa: PLC0415 - comes with the SDK, which is loaded by now
    from databricks.sdk.errors.base import DatabricksError  # noqa: PLC0415 - as above

    return isinstance(error, DatabricksError | requests.RequestException | TimeoutError | ConnectionError)


def _is_transient(error: Exception) -> bool:
    from databricks.sdk import errors  # noqa: PLC0415 - loaded by now
    from databricks.sdk.errors.base import DatabricksError  # noqa: PLC0415 - as above

    if not isinstance(error, DatabricksError):
        return True
    kinds = (
        errors.TooManyRequests,
        errors.TemporarilyUnavailable,
        errors.DeadlineExceeded,
        errors.InternalError,
        errors.Aborted,
    )
    return isinstance(error, kinds) or error.retry_after_secs is not None or _is_gateway_text(str(error))


def _is_gateway_text(text: str) -> bool:
    """A proxy's 502 has no error class of its own in the SDK."""
    return "502" in text and "Bad Gateway" in text


def _status(error: Exception) -> int:
    from databricks.sdk.errors import platform  # noqa: PLC0415 - loaded by now

    for status, kind in platform.STATUS_CODE_MAPPING.items():
        if isinstance(error, kind):
            return int(status)
    return 0
