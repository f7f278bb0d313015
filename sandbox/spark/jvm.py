"""The Spark Connect server as a child process: started behind a guard, stopped with everything it started."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from sandbox.spark import guard, jars, settings
from sandbox.spark.errors import EngineError

STOP_SECONDS = 10.0


class Jvm:
    """One server process; a stopped one is not started again, a new one is made."""

    def __init__(self, state_dir: Path) -> None:
        self.port = _free_port()
        self.token = secrets.token_urlsafe(24)
        self.log = state_dir / "engine.log"
        command = settings.server_command(state_dir, self.port, jars.fetch())
        for name in ("derby", "warehouse", "tmp"):
            (state_dir / name).mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-IS", guard.__file__, *command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=state_dir,
                env=settings.server_environment(self.token),
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Process id of the guard, which is also the id of the process group."""
        return self._process.pid

    def alive(self) -> bool:
        """Tell whether the server's process runs."""
        return self._process.poll() is None

    def remote_url(self, session_id: str, user: str) -> str:
        """Return the Spark Connect address; only for the name `localhost` do clients send a token without TLS."""
        return f"sc://localhost:{self.port}/;token={self.token};session_id={session_id};user_id={user}"

    def wait(self) -> None:
        """Return when the server has ended."""
        self._process.wait()

    def wait_for_port(self, timeout_seconds: float) -> None:
        """Return when the server accepts connections.

        Raises:
            EngineError: it ended, or did not answer in time.
        """
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            if not self.alive():
                raise EngineError(f"Spark did not start: {self._last_words()} (log: {self.log})")
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise EngineError(f"Spark did not answer within {timeout_seconds:.0f} s (log: {self.log})")

    def kill(self) -> None:
        """Kill the server and every process of its group at once."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def stop(self) -> None:
        """End the server and every process of its group; a second call does nothing."""
        if self._process.stdin and not self._process.stdin.closed:
            self._process.stdin.close()  # the guard ends the server in good order
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        with suppress(ProcessLookupError):  # the group is gone when everything ended in good order
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _last_words(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        causes = [line.strip() for line in lines if line.startswith(("Caused by:", "Exception in", "Error"))]
        return (causes or lines or ["no output"])[-1]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
