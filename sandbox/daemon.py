"""The daemon from outside: start it, find it, stop it, forget it."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
from filelock import FileLock, Timeout

from sandbox.errors import SandboxError
from sandbox.layout import StateDir
from sandbox.process import born
from sandbox.serve import START_SECONDS

_STOP_SECONDS = 30.0
_NAME_SECONDS = 5.0
# -P: no module of the folder where it is called (a bundle's `queue.py`, say) stands in for one of Python's.
_LAUNCHER = '#!/bin/sh\nexec "{python}" -P -m sandbox.standin "$@"\n'


def is_running(state: StateDir) -> bool:
    """Whether a daemon serves this folder: it holds the lock as long as it lives, however it dies."""
    if not state.lock.exists():
        return False
    lock = FileLock(state.lock)
    try:
        with lock.acquire(timeout=0):
            return False
    except Timeout:
        return True


def start(state: StateDir, options: list[str]) -> tuple[dict[str, Any], bool]:
    """Start a daemon unless one runs; returns what it wrote about itself, and whether it is new."""
    state.prepare()
    with FileLock(state.start_lock):
        if is_running(state):
            return _wait_ready(state, None), False
        write_launcher(state)
        state.token()
        if state.log.exists():
            state.log.replace(state.log.with_suffix(".log.1"))
        state.forget_daemon()
        process = _launch(state, options)
        try:
            return _wait_ready(state, process), True
        except BaseException:
            _abandon(process)
            raise


def stop(state: StateDir) -> bool:
    """Stop the daemon and wait for its end; False if none runs.

    Raises:
        SandboxError: It cannot be told which process it is, or it outlives even SIGKILL.
    """
    pid = _daemon_pid(state)
    if pid is None:
        return False
    # The daemon leads a session of its own. SIGTERM is for itself, which stops its engines; SIGKILL is for all of it.
    for send, how in ((os.kill, signal.SIGTERM), (os.killpg, signal.SIGKILL)):
        with suppress(ProcessLookupError):
            send(pid, how)
        if _has_ended(state, _STOP_SECONDS):
            return True
    raise SandboxError(f"process {pid} was killed and still serves {state.root}: see {state.log}")


def _daemon_pid(state: StateDir) -> int | None:
    """Process id of the daemon, None if none runs; one that starts just now tells it in a moment."""
    deadline = time.monotonic() + _NAME_SECONDS
    while is_running(state):
        about = state.read_daemon()
        pid = int(about.get("pid") or 0)
        if pid and about.get("born") == born(pid):
            return pid
        if time.monotonic() > deadline:
            raise SandboxError(
                f"a sandbox serves {state.root}, but it is not known as which process: "
                f"end the one that holds {state.lock} (log: {state.log})"
            )
        time.sleep(0.05)
    return None


def _has_ended(state: StateDir, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while is_running(state):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def reset(state: StateDir) -> None:
    """Stop the daemon and delete its state; only a folder that a sandbox made is deleted."""
    if not state.root.exists():
        return
    if not state.is_ours():
        raise SandboxError(f"{state.root} is not the state of a sandbox: it is left as it is")
    stop(state)
    shutil.rmtree(state.root)


def facts(state: StateDir) -> dict[str, Any]:
    """What the running daemon says about itself."""
    if not is_running(state):
        raise SandboxError("the sandbox is not running: start it with `python -m sandbox start`")
    about = state.read_daemon()
    return about | _ask(about, state.token())


def write_launcher(state: StateDir) -> None:
    """Write the shell script that starts the stand-in for the CLI."""
    state.launcher.parent.mkdir(exist_ok=True)
    state.launcher.write_text(_LAUNCHER.format(python=sys.executable), encoding="utf-8")
    state.launcher.chmod(state.launcher.stat().st_mode | stat.S_IXUSR)


def _launch(state: StateDir, options: list[str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-P", "-m", "sandbox", "serve", "--state-dir", str(state.root), *options]
    with state.log.open("wb") as log:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd=state.root
        )


def _abandon(process: subprocess.Popen[bytes]) -> None:
    """End a daemon whose start failed or was interrupted, with everything that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_ready(state: StateDir, process: subprocess.Popen[bytes] | None) -> dict[str, Any]:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        about = state.read_daemon()
        ours = process is None or about.get("pid") == process.pid
        if ours and about.get("ready"):
            return about | _ask(about, state.token())
        if process is not None and process.poll() is not None:
            raise SandboxError(f"the sandbox did not start: {_last_line(state.log)} (log: {state.log})")
        if process is None and not is_running(state):
            raise SandboxError(f"the sandbox ended while it was starting: see {state.log}")
        time.sleep(0.05)
    raise SandboxError(f"the sandbox did not answer within {START_SECONDS:.0f} seconds: see {state.log}")


def _ask(about: dict[str, Any], token: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"}
    try:
        answer = httpx.get(f"{about['host']}/sandbox/status", headers=headers, timeout=10, trust_env=False)
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise SandboxError(f"the sandbox at {about['host']} does not answer: {error}") from error
    return {"status": answer.json()["compute"]}


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1].removeprefix("sandbox: ") if lines else "it wrote nothing"
