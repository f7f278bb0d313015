"""dbutils.secrets: read through the workspace's API, and kept out of what a task prints."""

from __future__ import annotations

import base64
import io
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.spark.areas import Area

REDACTED = "[REDACTED]"


@dataclass(frozen=True)
class SecretMetadata:
    """One entry of `dbutils.secrets.list`."""

    key: str


@dataclass(frozen=True)
class SecretScope:
    """One entry of `dbutils.secrets.listScopes`."""

    name: str

    def getName(self) -> str:  # noqa: N802 - dbutils' name
        """Return the name."""
        return self.name


class Secrets(Area):
    """Secrets of the workspace that the task runs in."""

    name = "secrets"

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def get(self, scope: str, key: str) -> str:
        """Return a secret; from now on it is `[REDACTED]` in what the task prints."""
        return self.getBytes(scope, key).decode()

    def getBytes(self, scope: str, key: str) -> bytes:  # noqa: N802 - dbutils' name
        """Return a secret as bytes."""
        value = base64.b64decode(_ask("get", scope=scope, key=key)["value"])
        text = value.decode(errors="replace")
        if text.strip():
            self._seen.add(text)
        return value

    def list(self, scope: str) -> Sequence[SecretMetadata]:
        """Return what a scope has."""
        return [SecretMetadata(one["key"]) for one in _ask("list", scope=scope).get("secrets") or ()]

    def listScopes(self) -> Sequence[SecretScope]:  # noqa: N802 - dbutils' name
        """Return the scopes."""
        return [SecretScope(one["name"]) for one in _ask("scopes/list").get("scopes") or ()]

    def redact(self, text: str) -> str:
        """Return a text without the secrets that were read."""
        for secret in self._seen:
            text = text.replace(secret, REDACTED)
        return text

    def guard_output(self) -> None:
        """Redact what this process prints from now on."""
        sys.stdout = _Redacted(sys.stdout, self)
        sys.stderr = _Redacted(sys.stderr, self)


class _Redacted(io.TextIOBase):
    def __init__(self, stream: Any, secrets: Secrets) -> None:
        self._stream, self._secrets = stream, secrets

    def write(self, text: str) -> int:
        self._stream.write(self._secrets.redact(text))
        return len(text)

    def flush(self) -> None:
        self._stream.flush()

    def fileno(self) -> int:
        return int(self._stream.fileno())


def _ask(what: str, **query: str) -> dict[str, Any]:
    """Ask the workspace, with the access that the task was given."""
    host, token = os.environ["DATABRICKS_HOST"], os.environ["DATABRICKS_TOKEN"]
    url = f"{host}/api/2.0/secrets/{what}?{urllib.parse.urlencode(query)}"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310 - the sandbox's own address
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - as above
            found: dict[str, Any] = json.load(answer)
            return found
    except urllib.error.HTTPError as error:
        refusal = json.load(error)
        raise ValueError(f"{refusal['error_code']}: {refusal['message']}") from None
