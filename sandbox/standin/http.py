"""A small client of the workspace's REST API, with the official CLI's retries and error texts."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from sandbox.standin.diagnostics import BundleError

RETRY_BUDGET_SECONDS = 15 * 60
REPLY_TIMEOUT_SECONDS = 90
_RETRIED = {429, 503}


class ApiError(BundleError):
    """The workspace refused a request."""

    def __init__(self, method: str, url: str, status: int, body: dict[str, Any]) -> None:
        self.status = status
        self.request = f"{method} {urlsplit(url).path}"
        self.code = str(body.get("error_code") or "")
        self.message = str(body.get("message") or body.get("error") or _reason(status))
        self.endpoint = (
            f"Endpoint: {method} {url}\nHTTP Status: {status} {_reason(status)}\n"
            f"API error_code: {self.code}\nAPI message: {self.message}"
        )
        super().__init__(f"{self.message} ({status} {self.code})", self.endpoint)

    def within(self, action: str) -> BundleError:
        """Return the error as the cause of a failed action."""
        return BundleError(f"{action}: {self.summary}", self.endpoint)


class Client:
    """One connection to one workspace."""

    def __init__(self, host: str, token: str) -> None:
        self.host = host
        self.workspace_id = ""
        self._token = token
        self._parts = urlsplit(host)
        self._connection: http.client.HTTPConnection | None = None

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def get(self, path: str, query: dict[str, Any] | None = None, *, public: bool = False) -> dict[str, Any]:
        """Ask for a JSON document."""
        return _document(self.request("GET", path, query=query, public=public))

    def post(self, path: str, body: dict[str, Any], method: str = "POST") -> dict[str, Any]:
        """Send a JSON document."""
        return _document(self.request(method, path, body=json.dumps(body).encode(), content="application/json"))

    def put(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Replace with a JSON document."""
        return self.post(path, body, method="PUT")

    def patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Change by a JSON document."""
        return self.post(path, body, method="PATCH")

    def delete(self, path: str, query: dict[str, Any] | None = None) -> None:
        """Delete an object."""
        self.request("DELETE", path, query=query)

    def export(self, path: str) -> bytes:
        """Return a workspace file as it is stored."""
        return self.request("GET", "/api/2.0/workspace/export", query={"direct_download": "true", "path": path})

    def import_file(self, path: str, content: bytes, *, overwrite: bool) -> None:
        """Write a workspace file."""
        target = "/api/2.0/workspace-files/import-file/" + quote(path.lstrip("/"), safe="@")
        query = {"overwrite": "true" if overwrite else "false"}
        self.request("POST", target, query=query, body=content, content="application/octet-stream")

    def status(self, path: str, *, export_info: bool = False) -> dict[str, Any] | None:
        """Describe an object of the workspace tree; None if there is none."""
        query = {"path": path} | ({"return_export_info": "true"} if export_info else {})
        try:
            return self.get("/api/2.0/workspace/get-status", query)
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def mkdirs(self, path: str) -> None:
        """Make a folder and those above it."""
        self.post("/api/2.0/workspace/mkdirs", {"path": path})

    def remove(self, path: str, *, recursive: bool = False) -> None:
        """Remove an object of the workspace tree; that it is gone already is no error."""
        try:
            self.post("/api/2.0/workspace/delete", {"path": path} | ({"recursive": True} if recursive else {}))
        except ApiError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise

    def request(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, Any] | None = None,
        body: bytes | None = None,
        content: str = "",
        public: bool = False,
    ) -> bytes:
        """Send a request; a busy workspace and a refused connection are tried again, quietly.

        Raises:
            ApiError: the workspace refused.
            BundleError: no reply came.
        """
        target = path + ("?" + urlencode(query) if query else "")
        headers = {"User-Agent": "databricks-cli-standin"} | ({"Content-Type": content} if content else {})
        if not public:
            headers["Authorization"] = f"Bearer {self._token}"
        deadline, pause = time.monotonic() + RETRY_BUDGET_SECONDS, 1.0
        while True:
            is_last = time.monotonic() + pause > deadline
            status, reply = self._attempt(method, target, body, headers, is_last=is_last)
            if 0 < status < HTTPStatus.BAD_REQUEST:
                return reply
            if status and (status not in _RETRIED or is_last):
                raise ApiError(method, self.host + target, status, _error_body(reply))
            time.sleep(pause)
            pause = min(pause + 1, 10)

    def _attempt(
        self, method: str, target: str, body: bytes | None, headers: dict[str, str], *, is_last: bool
    ) -> tuple[int, bytes]:
        """Send once; status 0 says that nobody listens and that there is time to try again."""
        request = f'{method.title()} "{self.host}{target}"'
        try:
            return self._send(method, target, body, headers)
        except socket.gaierror as error:
            raise BundleError(f"{request}: dial tcp: lookup {self._parts.hostname}: no such host") from error
        except (OSError, http.client.HTTPException) as error:
            self.close()
            if is_last or not isinstance(error, ConnectionRefusedError):
                raise BundleError(f"{request}: {error}") from error
            return 0, b""

    def _send(self, method: str, target: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        fresh = self._connection is None
        connection = self._connection or self._connect()
        try:
            connection.request(method, self._parts.path.rstrip("/") + target, body, headers)
            response = connection.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            # A kept connection that the server has closed meanwhile says nothing about the server.
            connection.close()
            self._connection = None
            if fresh:
                raise
            return self._send(method, target, body, headers)
        self.workspace_id = self.workspace_id or response.headers.get("X-Databricks-Org-Id", "")
        self._connection = connection
        return response.status, response.read()

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=REPLY_TIMEOUT_SECONDS)
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, port, timeout=REPLY_TIMEOUT_SECONDS, context=context)


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def _document(reply: bytes) -> dict[str, Any]:
    if not reply.strip():
        return {}
    try:
        document = json.loads(reply)
    except ValueError as error:
        raise BundleError(f"the workspace answered with something else than JSON: {reply[:80]!r}") from error
    return document if isinstance(document, dict) else {}


def _error_body(reply: bytes) -> dict[str, Any]:
    try:
        body = json.loads(reply)
    except ValueError:
        body = {"message": reply.decode(errors="replace").strip()}
    return body if isinstance(body, dict) else {}
