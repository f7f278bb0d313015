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
"""The administrator, who owns what nobody else is known to own."""
SECOND_USER_NAME = "second@sandbox.local"
"""A user without any privilege until one is granted."""
USERS = {"developer": USER_NAME, "second": SECOND_USER_NAME}
"""Users by the short names of the command line."""
EVERYONE = "account users"
ADMIN_GROUP = "admins"
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
    def metastore(self) -> Path:
        """SQLite file of what Unity Catalog knows and the engine does not."""
        return self.root / "metastore.sqlite"

    @property
    def volumes(self) -> Path:
        """Folder that mirrors `/Volumes`: catalog/schema/volume."""
        return self.root / "volumes"

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
        homes = [self.workspace / "Users" / name for name in USERS.values()]
        for folder in (*homes, self.workspace / "Shared", self.pipelines, self.volumes):
            folder.mkdir(parents=True, exist_ok=True)

    def token(self, user: str = "developer") -> str:
        """The bearer token of a user (by the short name in `USERS`), made on first use."""
        place = self._token if user == "developer" else self._token.with_name(f"token-{user}")
        if not place.exists():
            write_private(place, f"dapi{secrets.token_hex(16)}")
        return place.read_text(encoding="utf-8").strip()

    def tokens(self) -> dict[str, str]:
        """User names by their tokens."""
        return {self.token(short): name for short, name in USERS.items()}

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
