"""Fetches a bundle from a git repository: one folder for each address and ref, brought up to the ref each time.

Whoever may start a flow names the repository, so address, ref and folder are hostile input; the token reaches git
through its environment only, never through arguments, addresses or files.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Annotated
from urllib.parse import urlsplit

from filelock import FileLock, Timeout
from pydantic import Field, field_validator

from workspace.cli_process import ProcessEnd, run_process
from workspace.errors import SetupError, StateError, WorkspaceRequestError
from workspace.model import Model
from workspace.redaction import redact, register_secret

FETCH_SECONDS = 600
LOCK_SECONDS = 900
_WEB = re.compile(r"https://[A-Za-z0-9][A-Za-z0-9.-]*(?::\d+)?/[\w./~%+-]+")
_SSH = re.compile(r"ssh://(?:[\w][\w.-]*@)?[A-Za-z0-9][A-Za-z0-9.-]*(?::\d+)?/[\w./~%+-]+")
_SCP = re.compile(r"[\w][\w.-]*@[A-Za-z0-9][A-Za-z0-9.-]*:[\w~][\w./~%+-]*")
_LOCAL = re.compile(r"file:///[^\s?#]+")
_PASSING = (
    "could not resolve host",
    "timed out",
    "connection",
    "connect to",
    "early eof",
    "hung up",
    "returned error: 5",
    "429",
)
"""Words of git about faults that may pass by themselves."""


class GitSource(Model):
    """A bundle in a git repository."""

    url: str = Field(
        title="Repository",
        description="https://, ssh:// or git@host:path. Without a password: a credentials block holds that.",
        max_length=500,
    )
    ref: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/+-]*$", max_length=200)] = Field(
        "main", title="Ref", description="Branch, tag or full commit id."
    )
    subfolder: str | None = Field(
        None, title="Folder", description="Folder of the bundle in the repository; the top without it.", max_length=500
    )
    credentials: str | None = Field(
        None,
        title="Credentials block",
        description="Name of a Prefect Secret block with an access token, or with `user:token`.",
        max_length=120,
    )

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        if not any(form.fullmatch(url) for form in (_WEB, _SSH, _SCP, _LOCAL)):
            raise ValueError(
                "is no address that is fetched from: https://host/path, ssh://user@host/path, git@host:path or "
                "file:///path, without user and password in https"
            )
        return url

    @field_validator("ref")
    @classmethod
    def _is_one_ref(cls, ref: str) -> str:
        if ".." in ref or "//" in ref or ref.endswith(("/", ".", ".lock")):
            raise ValueError("is no branch, tag or commit")
        return ref

    @field_validator("subfolder")
    @classmethod
    def _stays_inside(cls, folder: str | None) -> str | None:
        if folder is not None and (
            folder.startswith(("/", "~")) or "\\" in folder or ".." in PurePosixPath(folder).parts
        ):
            raise ValueError("has to be a folder inside the repository")
        return folder


class Checkout(Model):
    """What was fetched."""

    folder: str
    """The bundle's folder."""
    url: str
    ref: str
    commit: str


def fetch(source: GitSource, sources_dir: Path, secret: str | None = None) -> Checkout:
    """Bring the folder of this address and ref up to the ref.

    Args:
        source: where the bundle is.
        sources_dir: folder for all sources; each address and ref has one folder in it that stays the same.
        secret: access token, or `user:token`; without it git's own ways count (ssh agent, credential helper).

    Raises:
        SetupError: git is missing, or there is no such repository, ref or folder, or no access.
        WorkspaceRequestError: the repository did not answer; a later attempt may succeed.
        StateError: the folder cannot be written, or another process fetches into it for too long.
    """
    if secret:
        register_secret(secret)
        register_secret(secret.rpartition(":")[2])
    folder = sources_dir.resolve() / _folder_name(source)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(f"{folder}.lock", timeout=LOCK_SECONDS, mode=0o600):
            commit = _update(source, folder, _environment(source.url, secret))
            bundle = _bundle_folder(source, folder)
            checkout = Checkout(folder=str(bundle), url=source.url, ref=source.ref, commit=commit)
            record = checkout.model_dump() | {"fetched_at": datetime.now(UTC).isoformat(timespec="seconds")}
            Path(f"{folder}.json").write_text(json.dumps(record, indent=2), encoding="utf-8")
    except Timeout:
        raise StateError(f"Another process has been fetching {source.url} for {LOCK_SECONDS // 60} minutes.") from None
    except OSError as error:
        raise StateError(f"{folder} cannot be written: {error}. Check space and rights.") from None
    return checkout


def _update(source: GitSource, folder: Path, environment: Mapping[str, str]) -> str:
    def git(*arguments: str) -> ProcessEnd:
        return _git(source, folder, environment, *arguments)

    # Anew each time: whatever a killed fetch left behind is no concern of the next one.
    if not (folder / ".git" / "HEAD").is_file():
        git("init", "--quiet", "--initial-branch=fetched")
    (folder / ".git" / "index.lock").unlink(missing_ok=True)
    (folder / ".git" / "shallow.lock").unlink(missing_ok=True)
    git("fetch", "--quiet", "--force", "--depth=1", "--no-tags", "--", source.url, source.ref)
    git("checkout", "--quiet", "--force", "--detach", "FETCH_HEAD")
    git("clean", "--quiet", "-ffdx")
    return git("rev-parse", "HEAD").stdout.strip()


def _git(source: GitSource, folder: Path, environment: Mapping[str, str], *arguments: str) -> ProcessEnd:
    program = shutil.which("git")
    if program is None:
        raise SetupError("git is not installed on this machine, but the bundle is in a git repository. Install it.")
    end = run_process([program, *arguments], folder, environment, FETCH_SECONDS)
    if end.exit_code == 0:
        return end
    said = redact(end.stderr.strip() or end.stdout.strip())
    reason = " ".join(said.split())[:500] or f"exit code {end.exit_code}"
    what = f"{source.ref} of {source.url} could not be fetched"
    if end.timed_out or any(word in said.lower() for word in _PASSING):
        raise WorkspaceRequestError(f"{what}: {reason}. The same may succeed later.", transient=True)
    raise SetupError(f"{what}: {reason}. Check address, ref and credentials; `git ls-remote` shows the same.")


def _environment(url: str, secret: str | None) -> dict[str, str]:
    """Return git's environment: never a question, only the wanted protocols, and the token for this host alone."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name.startswith(("GIT_SSL_", "GIT_SSH"))
    }
    environment |= {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "GIT_SSH_COMMAND": os.environ.get("GIT_SSH_COMMAND") or "ssh -o BatchMode=yes",
        "GIT_ALLOW_PROTOCOL": "https:ssh:file",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "LC_ALL": "C",
    }
    address = urlsplit(url)
    if secret and address.scheme == "https":
        user, colon, token = secret.strip().partition(":")
        pair = f"{user}:{token}" if colon else f"{_default_user(address.hostname or '')}:{user}"
        encoded = base64.b64encode(pair.encode()).decode()
        register_secret(encoded)
        environment |= {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"http.https://{address.netloc}/.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {encoded}",
        }
    return environment


def _default_user(host: str) -> str:
    """GitHub, GitLab and Azure DevOps take any user name beside a token; Bitbucket wants this one."""
    return "x-token-auth" if host.endswith("bitbucket.org") else "x-access-token"


def _bundle_folder(source: GitSource, folder: Path) -> Path:
    bundle = (folder / (source.subfolder or ".")).resolve()
    if not bundle.is_relative_to(folder) or not bundle.is_dir():
        raise SetupError(f"{source.url} has no folder {source.subfolder!r} at {source.ref}. Correct `subfolder`.")
    return bundle


def _folder_name(source: GitSource) -> str:
    """The repository's name for people, and a digest that tells address and ref apart."""
    name = re.sub(r"[^A-Za-z0-9_-]", "-", source.url.rstrip("/").removesuffix(".git").rpartition("/")[2])[:40]
    digest = hashlib.sha256(f"{source.url}\n{source.ref}".encode()).hexdigest()[:12]
    return f"{name.strip('-') or 'bundle'}-{digest}"
