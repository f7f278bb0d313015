"""A place behind a notification block of Prefect, and what arrives there."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prefect.blocks.notifications import CustomWebhookNotificationBlock


@dataclass
class Inbox:
    """Where notifications arrive."""

    messages: list[dict[str, str]] = field(default_factory=list)

    def about(self, *words: str) -> dict[str, str] | None:
        """The first message that holds all these words."""
        found = (one for one in self.messages if all(word in one["subject"] + one["body"] for word in words))
        return next(found, None)


@contextmanager
def receiving(block: str) -> Iterator[Inbox]:
    """Save a notification block `custom-webhook/BLOCK` and collect what is sent through it while the block runs."""
    got = Inbox()

    class Receive(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.messages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Receive) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        CustomWebhookNotificationBlock(
            name=block,
            url=f"http://127.0.0.1:{server.server_port}/",
            json_data={"subject": "{{subject}}", "body": "{{body}}"},
            allow_private_urls=True,
        ).save(block, overwrite=True)
        yield got
        server.shutdown()
