"""A gate in front of a workspace: it passes requests on, and lets some of them fail as a story wants."""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

_OWN_HEADERS = {"transfer-encoding", "connection", "content-length", "date", "server"}


@dataclass
class Fault:
    """Requests that fail: those whose method and path have `request` in them."""

    request: str
    status: int = 500
    code: str = ""
    message: str = ""
    times: int = 1
    after: int = 0
    """How many of them pass first."""
    hang: float = 0
    """Seconds to wait before the request is passed on, instead of failing it."""

    def strikes(self, request: str) -> bool:
        """Tell whether this request fails, and count it."""
        if self.request not in request:
            return False
        if self.after:
            self.after -= 1
            return False
        self.times -= 1
        return self.times >= 0


class Gate:
    """The faults of the moment, and the requests that were held up."""

    def __init__(self, workspace: str) -> None:
        self.workspace = urlsplit(workspace).netloc
        self.host = ""
        self.held: list[str] = []
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def fail(self, **facts: Any) -> None:
        """Let requests fail from now on; a new fault for the same requests takes the place of an older one."""
        fault = Fault(**facts)
        with self._lock:
            self._faults = [other for other in self._faults if other.request != fault.request]
            self._faults.append(fault)

    def clear(self) -> None:
        """Let everything pass."""
        with self._lock:
            self._faults.clear()
            self.held.clear()

    def fault_for(self, request: str) -> Fault | None:
        """Return what happens to a request, None if it passes."""
        with self._lock:
            return next((fault for fault in self._faults if fault.strikes(request)), None)


@contextmanager
def open_gate(workspace: str) -> Iterator[Gate]:
    """Open a gate in front of a workspace's address."""
    gate = Gate(workspace)
    server = _Server(gate)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield gate
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, gate: Gate) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.gate = gate
        gate.host = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A killed client resets its connection, which is no fault of the gate."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def handle_one(self) -> None:
        """Fail a request, hold it up, or pass it on."""
        gate: Gate = self.server.gate  # type: ignore[attr-defined] # every _Server has one
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = f"{self.command} {unquote(self.path)}"
        fault = gate.fault_for(request)
        if fault and not fault.hang:
            error = json.dumps({"error_code": fault.code, "message": fault.message}).encode()
            self._reply(fault.status, {"Content-Type": "application/json"}, error)
            return
        if fault:
            gate.held.append(request)
            time.sleep(fault.hang)
        self._pass_on(gate.workspace, body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one  # noqa: N815 - names that http.server asks for

    def _pass_on(self, workspace: str, body: bytes) -> None:
        connection = http.client.HTTPConnection(workspace)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "accept-encoding"}
        connection.request(self.command, self.path, body or None, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        kept = {name: value for name, value in answer.getheaders() if name.lower() not in _OWN_HEADERS}
        self._reply(answer.status, kept, content)

    def _reply(self, status: int, headers: dict[str, str], content: bytes) -> None:
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except ConnectionError:
            self.close_connection = True  # a killed client reads no answer

    def log_message(self, *_: Any) -> None:
        """Keep the test's output clean."""
