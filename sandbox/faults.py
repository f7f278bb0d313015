"""Faults on demand: what a workspace or the network between does now and then, made to happen at a chosen request."""

from __future__ import annotations

import asyncio
import fnmatch
import itertools
import json
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

_CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "RESOURCE_DOES_NOT_EXIST",
    409: "RESOURCE_CONFLICT",
    429: "REQUEST_LIMIT_EXCEEDED",
    500: "INTERNAL_ERROR",
    502: "TEMPORARILY_UNAVAILABLE",
    503: "TEMPORARILY_UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_OWN_ROUTES = "/sandbox/"
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


class Fault(BaseModel):
    """One fault: which requests it meets, how often, and what it does to them."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["latency", "error", "reset"]
    """latency: the request waits. error: the answer is an error. reset: the connection breaks without an answer."""
    method: str = "*"
    route: str = "*"
    """Shell pattern for the path of the request, as `/api/*/jobs/runs/get`."""
    count: int | None = Field(default=1, ge=1)
    """How many requests it meets; None: every one until it is cleared."""
    skip: int = Field(default=0, ge=0)
    """How many fitting requests pass first."""
    when: Literal["before", "after"] = "before"
    """Whether the request takes effect: not with `before`, fully with `after`."""
    seconds: float = Field(default=1.0, ge=0, le=3600)
    """How long a latency lasts."""
    status: int = Field(default=503, ge=400, le=599)
    retry_after: int | None = Field(default=None, ge=0)
    """Seconds in the header Retry-After of an error; None: no such header."""
    error_code: str | None = None
    message: str | None = None

    def fits(self, method: str, path: str) -> bool:
        """Whether the fault is for a request."""
        return fnmatch.fnmatchcase(method.upper(), self.method.upper()) and fnmatch.fnmatchcase(path, self.route)

    def body(self) -> bytes:
        """The answer of an error, in Databricks' form."""
        code = self.error_code or _CODES.get(self.status, "INTERNAL_ERROR")
        text = self.message if self.message is not None else HTTPStatus(self.status).phrase
        return json.dumps({"error_code": code, "message": text}).encode()


class Faults:
    """The faults in force."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._faults: dict[int, Fault] = {}
        self._met: dict[int, int] = {}

    def add(self, fault: Fault) -> int:
        """Put a fault in force; returns its number."""
        with self._lock:
            number = next(self._ids)
            self._faults[number], self._met[number] = fault, 0
            return number

    def shown(self) -> list[dict[str, Any]]:
        """The faults with what is left of them."""
        with self._lock:
            return [
                {"id": number, "hits": self._hits(number), "left": self._left(number), **fault.model_dump(mode="json")}
                for number, fault in self._faults.items()
            ]

    def clear(self, number: int | None = None) -> bool:
        """End one fault, or all; False if there is none of that number."""
        with self._lock:
            if number is None:
                self._faults.clear()
                return True
            return self._faults.pop(number, None) is not None

    def next_for(self, method: str, path: str) -> list[Fault]:
        """The faults that meet a request, which counts for them; of the errors and resets only the first."""
        if path.startswith(_OWN_ROUTES):
            return []
        with self._lock:
            fitting = [number for number, fault in self._faults.items() if fault.fits(method, path)]
            met = [self._faults[number] for number in fitting if self._counts(number)]
        breaking = next((fault for fault in met if fault.kind != "latency"), None)
        return [fault for fault in met if fault.kind == "latency" or fault is breaking]

    def _counts(self, number: int) -> bool:
        left = self._left(number)
        if left == 0:
            return False
        self._met[number] += 1
        return self._met[number] > self._faults[number].skip

    def _hits(self, number: int) -> int:
        return max(0, self._met[number] - self._faults[number].skip)

    def _left(self, number: int) -> int | None:
        count = self._faults[number].count
        return None if count is None else count - self._hits(number)


class FaultyApp:
    """An ASGI application whose requests meet faults."""

    def __init__(self, app: App, faults: Faults, connections: MutableMapping[Any, asyncio.Transport]) -> None:
        self._app, self._faults, self._connections = app, faults, connections

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        faults = self._faults.next_for(scope["method"], scope["path"]) if scope["type"] == "http" else []
        for fault in faults:
            if fault.kind == "latency" and fault.when == "before":
                await asyncio.sleep(fault.seconds)
        breaking = next((fault for fault in faults if fault.kind != "latency"), None)
        if breaking is None:
            late = sum(fault.seconds for fault in faults if fault.when == "after")
            await self._app(scope, receive, _delayed(send, late) if late else send)
            return
        if breaking.when == "after":
            await self._app(scope, receive, _nowhere)
        else:
            await _read_body(receive)
        if breaking.kind == "error":
            await _answer(breaking, send)
        else:
            await self._reset(scope, receive)

    async def _reset(self, scope: Message, receive: Receive) -> None:
        transport = self._connections.get(tuple(scope["client"]))
        if transport is not None:
            # Closing with a linger time of zero sends RST instead of FIN: `Connection reset by peer`.
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        while (await receive())["type"] != "http.disconnect":
            pass


def _delayed(send: Send, seconds: float) -> Send:
    async def later(message: Message) -> None:
        if message["type"] == "http.response.start":
            await asyncio.sleep(seconds)
        await send(message)

    return later


async def _read_body(receive: Receive) -> None:
    """Take the whole request: who is still sending when the connection breaks sees another error."""
    while (message := await receive())["type"] == "http.request" and message.get("more_body"):
        pass


async def _nowhere(_message: Message) -> None:
    """Where the answer of a request goes that takes effect unheard."""


async def _answer(fault: Fault, send: Send) -> None:
    body = fault.body()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if fault.retry_after is not None:
        headers.append((b"retry-after", str(fault.retry_after).encode()))
    await send({"type": "http.response.start", "status": fault.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
