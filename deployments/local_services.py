"""What a first look needs around it: a Prefect server and a workspace, started only where none is configured."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from workspace.cli_process import run_process, stop_group
from workspace.errors import SetupError
from workspace.local_sandbox import SandboxEnvironment, sandbox_environment

START_SECONDS = 180
UI_PORT = 4200
_WORKSPACE_NAMES = ("DATABRICKS_HOST", "DATABRICKS_CONFIG_PROFILE", "BUNDLEOPS_PROFILE")


@dataclass(frozen=True)
class Service:
    """Something that runs, and whether it was started here."""

    address: str
    started: bool


@contextmanager
def prefect_server(state_dir: Path) -> Iterator[Service]:
    """Yield the Prefect server of the environment, or start one with its own home in the state directory.

    Raises:
        SetupError: the server cannot be started.
    """
    if configured := os.environ.get("PREFECT_API_URL"):
        yield Service(configured, started=False)
        return
    port = _free_port(UI_PORT)
    api = f"http://127.0.0.1:{port}/api"
    home = state_dir / "prefect"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.environ.setdefault("PREFECT_HOME", str(home))
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    # So that notifications have links.
    os.environ.setdefault("PREFECT_UI_URL", f"http://127.0.0.1:{port}")
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    log = home / "server.log"
    with log.open("wb") as out:
        # A session of its own: Ctrl-C ends the flows first, and this server after them.
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            _wait_until_it_answers(f"{api}/health", server, log)
            os.environ["PREFECT_API_URL"] = api
            yield Service(api, started=True)
        finally:
            stop_group(server)


@contextmanager
def workspace(state_dir: Path, compute: str) -> Iterator[Service]:
    """Yield the workspace of the environment, else the built-in sandbox; turn this process to it.

    A profile in the configuration file alone is no configuration: nobody means their real workspace with a first look.

    Raises:
        SetupError: the sandbox cannot be started.
    """
    if configured := next((os.environ[name] for name in _WORKSPACE_NAMES if os.environ.get(name)), None):
        yield Service(configured, started=False)
        return
    place = state_dir / "sandbox"
    running = _running_sandbox(place)
    if running is None:
        _sandbox(place, "start", "--compute", compute)
    try:
        found = running or sandbox_environment(place)
        os.environ |= {"DATABRICKS_HOST": found.host, "DATABRICKS_TOKEN": found.token}
        os.environ.setdefault("BUNDLEOPS_CLI", found.cli)
        yield Service(found.host, started=running is None)
    finally:
        if running is None:
            _sandbox(place, "stop")


def _running_sandbox(place: Path) -> SandboxEnvironment | None:
    try:
        return sandbox_environment(place)
    except SetupError:
        # None runs; if it cannot run at all, its start will say why.
        return None


def _sandbox(place: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "sandbox", *arguments, "--state-dir", str(place)]
    end = run_process(command, Path.cwd(), os.environ, START_SECONDS)
    if end.exit_code != 0:
        said = (end.stderr or end.stdout).strip() or "it gave no reason"
        raise SetupError(f"The sandbox could not {arguments[0]}: {said}")


def _free_port(wanted: int) -> int:
    """Return the wanted port if it is free, else another one."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise SetupError("No port is free on this machine for the Prefect server.")


def _wait_until_it_answers(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise SetupError(f"The Prefect server ended at once (exit code {server.returncode}). Its log: {log}")
        try:
            if httpx.get(address, timeout=5).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise SetupError(f"The Prefect server did not answer within {START_SECONDS} s. Its log: {log}")
