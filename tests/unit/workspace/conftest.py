"""A workspace on loopback that answers what a test tells it to, and records what it was asked."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.core import Config

TOKEN = "dapi-loopback-0123456789"


class LoopbackWorkspace:
    """Answers by method and path; several answers for one path are given in turn, and the last one stays."""

    def __init__(self, port: int) -> None:
        self.host = f"http://127.0.0.1:{port}"
        self.requests: list[tuple[str, str, dict[str, str], Any]] = []
        self._answers: dict[tuple[str, str], list[tuple[int, Any]]] = {}
        self._lock = threading.Lock()
        metadata = {"oidc_endpoint": f"{self.host}/oidc", "workspace_id": "900800700600"}
        self.answer("GET", "/.well-known/databricks-config", metadata)

    def answer(self, method: str, path: str, *bodies: Any, status: int = 200) -> None:
        """Queue answers; a tuple (status, body) has its own status, a function makes one from query and body."""
        made = [body if isinstance(body, tuple) else (status, body) for body in bodies]
        self._answers.setdefault((method, path), []).extend(made)

    def forget(self, method: str, path: str) -> None:
        self._answers.pop((method, path))

    def fail(self, method: str, path: str, status: int, code: str, message: str = "no") -> None:
        self.answer(method, path, {"error_code": code, "message": message}, status=status)

    def asked(self, path: str) -> list[tuple[str, str, dict[str, str], Any]]:
        return [request for request in self.requests if request[1] == path]

    def reply(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        with self._lock:
            self.requests.append((method, path, query, body))
            queue = self._answers.get((method, path))
            if not queue:
                return 404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": f"{method} {path}: nothing here"}
            status, answer = queue.pop(0) if len(queue) > 1 else queue[0]
            if callable(answer):
                made: tuple[int, Any] = answer(query, body)
                return made
            return status, answer


def _handler(place: list[LoopbackWorkspace]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def log_message(self, *_: Any) -> None:
            """Stay silent."""

        def _serve(self) -> None:
            url = urlsplit(self.path)
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(raw) if raw[:1] == b"{" else raw
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            status, answer = place[0].reply(self.command, unquote(url.path), query, body)
            content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            if not isinstance(answer, bytes):
                self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Handler


@pytest.fixture
def workspace() -> Iterator[LoopbackWorkspace]:
    place: list[LoopbackWorkspace] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(place))
    server.daemon_threads = True
    place.append(LoopbackWorkspace(server.server_port))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield place[0]
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests see neither the credentials nor the settings of whoever runs them."""
    for name in list(os.environ):
        if name.startswith(("DATABRICKS_", "ARM_", "BUNDLEOPS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", "/nonexistent/databrickscfg")


@pytest.fixture
def client(workspace: LoopbackWorkspace) -> WorkspaceClient:
    # A short retry budget: with 300 s one test of a passing fault would take five minutes.
    return WorkspaceClient(config=Config(host=workspace.host, token=TOKEN, retry_timeout_seconds=1))
