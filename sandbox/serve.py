"""The daemon's own process: holds the lock, starts compute, serves until it is told to stop."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import uvicorn
from filelock import FileLock, Timeout
from uvicorn.protocols.http.h11_impl import H11Protocol

from sandbox.compute import Compute
from sandbox.errors import SandboxError
from sandbox.faults import FaultyApp
from sandbox.layout import DEFAULT_PORT, USER_NAME, StateDir
from sandbox.process import born
from sandbox.server import assemble, create_app

START_SECONDS = 300.0
_SEARCHED_PORTS = 50
_LOCK_SECONDS = 1.0
"""Whoever asks whether a sandbox runs holds the lock for a moment."""


def serve(state: StateDir, mode: str, port: int | None, script: Path | None) -> int:
    """Serve a state folder until SIGTERM; the return value is the exit code of the process."""
    lock = FileLock(state.lock)
    try:
        lock.acquire(timeout=_LOCK_SECONDS)
    except Timeout as error:
        raise SandboxError(f"another sandbox already serves {state.root}") from error
    # uvicorn sends the signal that ended it once more; by itself that would end the process before its engines.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with lock, _listen(state, port) as listener:
        compute = make_compute(mode, state, script)
        try:
            return _run(state, mode, compute, listener)
        finally:
            state.forget_daemon()


def make_compute(mode: str, state: StateDir, script: Path | None) -> Compute:
    """The compute mode of this name."""
    if mode == "scripted":
        from sandbox.scripted import ScriptedCompute  # noqa: PLC0415  only the mode in use is loaded

        return ScriptedCompute(script or state.script)
    from sandbox.spark.compute import SparkCompute  # noqa: PLC0415  it loads the engines

    spark: Compute = SparkCompute(state.root, USER_NAME)
    return spark


def _run(state: StateDir, mode: str, compute: Compute, listener: socket.socket) -> int:
    port = listener.getsockname()[1]
    host = f"http://127.0.0.1:{port}"
    services = assemble(state, host, compute)
    app = create_app(services, state.tokens())
    connections: dict[Any, asyncio.Transport] = {}
    server = uvicorn.Server(
        uvicorn.Config(
            FaultyApp(app, services.faults, connections),
            http=connection_protocol(connections),
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=1,
        )
    )
    failure: list[str] = []

    about = {"pid": os.getpid(), "born": born(os.getpid()), "port": port, "host": host, "compute": mode}
    state.write_daemon(about | {"ready": False})

    def start_compute() -> None:
        try:
            compute.start()
            compute.wait_until_ready(START_SECONDS)
        except Exception as error:  # noqa: BLE001  whatever it is, the person who starts the sandbox is told
            failure.append(f"the engines did not start: {' '.join(str(error).split())}")
            server.should_exit = True
        else:
            state.write_daemon(about | {"ready": True})

    threading.Thread(target=start_compute, name="compute", daemon=True).start()
    services.ticker.start()
    try:
        server.run(sockets=[listener])
    finally:
        for service in (services.ticker, services.assets, services.runs, services.pipelines, services.statements):
            service.close()
        compute.stop()
    if failure:
        raise SandboxError(failure[0])
    return 0


def connection_protocol(connections: dict[Any, asyncio.Transport]) -> type[H11Protocol]:
    """The server's HTTP protocol; it notes the open connections by the address of the client."""

    class NotedProtocol(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
            super().connection_made(transport)
            self._peer = transport.get_extra_info("peername")
            connections[self._peer] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            connections.pop(self._peer, None)
            super().connection_lost(exc)

    return NotedProtocol


def _listen(state: StateDir, port: int | None) -> socket.socket:
    """A socket on the port that was asked for, or on the usual one or the next that is free."""
    usual = int(state.read_daemon().get("port") or DEFAULT_PORT)
    candidates = [port] if port is not None else [usual, *range(DEFAULT_PORT, DEFAULT_PORT + _SEARCHED_PORTS)]
    for candidate in candidates:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", candidate))
            listener.listen(512)
        except OSError:
            listener.close()
            continue
        return listener
    if port is not None:
        raise SandboxError(f"port {port} is in use: choose another with --port, or leave it out to take a free one")
    raise SandboxError(f"no port from {DEFAULT_PORT} on is free: name one with --port")
