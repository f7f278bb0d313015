"""Where a sandbox keeps its state: one private folder with everything that survives a restart."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from sandbox.errors import SandboxError

USER_NAME = "developer@sandbox.local"
WORKSPACE_ID = 7405610928374650
DEFAULT_PORT = 8443


def default_state_dir() -> Path:
    """The state folder that is used when none is named."""
    return platformdirs.user_state_path("bundleops") / "sandbox"


@dataclass(frozen=True)
class StateDir:
    """The files of one sandbox."""

    root: Path

    @property
    def database(self) -> Path:
        """SQLite file of the control plane."""
        return self.root / "control-plane.sqlite"

    @property
    def workspace(self) -> Path:
        """Folder that mirrors `/Workspace`."""
        return self.root / "workspace"

    @property
    def pipelines(self) -> Path:
        """Folder that holds one storage folder per pipeline."""
        return self.root / "pipelines"

    @property
    def log(self) -> Path:
        """What the daemon prints."""
        return self.root / "sandbox.log"

    @property
    def lock(self) -> Path:
        """Held by the daemon as long as it lives."""
        return self.root / "daemon.lock"

    @property
    def start_lock(self) -> Path:
        """Held by `start`, so that two starts do not race."""
        return self.root / "start.lock"

    @property
    def launcher(self) -> Path:
        """Shell launcher of the stand-in for the CLI."""
        return self.root / "bin" / "databricks"

    @property
    def script(self) -> Path:
        """Script of the scripted compute mode, unless another file is named."""
        return self.root / "script.yml"

    @property
    def _daemon(self) -> Path:
        return self.root / "daemon.json"

    @property
    def _token(self) -> Path:
        return self.root / "token"

    @property
    def _marker(self) -> Path:
        return self.root / "sandbox-state"

    def is_ours(self) -> bool:
        """Whether a sandbox made this folder; no other is changed or deleted."""
        made_before_markers = self._daemon.is_file() and self._token.is_file()
        return self._marker.is_file() or made_before_markers

    def prepare(self) -> None:
        """Make the folder, for its owner only.

        Raises:
            SandboxError: It holds something else already, or it cannot be made.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            foreign = any(self.root.iterdir()) and not self.is_ours()
        except OSError as error:
            raise SandboxError(f"{self.root} cannot be the state folder: {error.strerror}") from error
        if foreign:
            raise SandboxError(f"{self.root} is not empty and not the state of a sandbox: name another --state-dir")
        self._marker.touch(mode=0o600)  # the first file of all, so that an interrupted start is recognised
        self.root.chmod(0o700)
        for folder in (self.workspace / "Users" / USER_NAME, self.workspace / "Shared", self.pipelines):
            folder.mkdir(parents=True, exist_ok=True)

    def token(self) -> str:
        """The bearer token, made on first use."""
        if not self._token.exists():
            write_private(self._token, f"dapi{secrets.token_hex(16)}")
        return self._token.read_text(encoding="utf-8").strip()

    def read_daemon(self) -> dict[str, Any]:
        """What the last daemon wrote about itself (pid, port, host, compute); empty if there was none."""
        try:
            found: dict[str, Any] = json.loads(self._daemon.read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return {}
        return found

    def write_daemon(self, facts: dict[str, Any]) -> None:
        """Record the daemon that serves this folder now."""
        write_private(self._daemon, json.dumps(facts))

    def forget_daemon(self) -> None:
        """Keep of the last daemon only its port, which the next one takes again: its process id is void."""
        port = self.read_daemon().get("port")
        self.write_daemon({"port": port} if port else {})


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, in one step."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    temporary.replace(path)
