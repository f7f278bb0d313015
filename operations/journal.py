"""The journal of an operation: an append-only file of JSON lines from which progress and reports are made.

A line is on disk before anybody hears of it. Threads and processes may append at the same time, and a process may die
in the middle of a line: the rest of such a line is set aside, and the journal stays readable.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock
from pydantic import ValidationError
from pydantic_core import to_jsonable_python

from operations.events import Event, JournalEvent
from workspace.errors import StateError
from workspace.redaction import redact_json

__all__ = ["Event", "Journal", "JournalEvent", "Observer"]

Observer = Callable[[JournalEvent], None]

logger = logging.getLogger(__name__)


class Journal:
    """Appends to and reads one journal file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._threads = threading.Lock()
        self._processes = FileLock(path.with_suffix(".lock"), thread_local=False, mode=0o600)
        self._observers: list[Observer] = []

    @property
    def torn_path(self) -> Path:
        """Where the beginnings of lines are kept that a crash left unfinished."""
        return self.path.with_suffix(".torn")

    def append(
        self, event: str, resource: str | None = None, iteration: int | None = None, **data: Any
    ) -> JournalEvent:
        """Write one line, redacted, and return it once it is safely on disk.

        Args:
            event: A word of `Event`.
            resource: Resource key, `bundle`, or None for the operation as a whole.
            iteration: Iteration of the resource, counted from 1.
            data: What goes with the event (see `Event`); models and other JSON values.

        Raises:
            StateError: the journal cannot be written.
            ValueError: the event is not a word of `Event`.
        """
        line = JournalEvent(
            at=datetime.now(UTC),
            event=Event(event).value,
            resource=resource,
            iteration=iteration,
            data=redact_json(to_jsonable_python(data)),
        )
        try:
            with self._threads, self._processes:
                torn = self._write(line)
        except OSError as error:
            raise StateError(
                f"Cannot write the journal {self.path}: {error.strerror or error}. "
                "Free the disk or restore access to it, then resume the operation."
            ) from error
        if torn:
            self.append(Event.NOTE, text=f"An unfinished line of {torn} bytes was set aside in {self.torn_path.name}.")
        self._tell(line)
        return line

    def events(self) -> tuple[JournalEvent, ...]:
        """Return all lines, oldest first; an unfinished last line is left out.

        Raises:
            StateError: the file cannot be read, or a line before the last one is damaged.
        """
        try:
            lines = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise StateError(f"Cannot read the journal {self.path}: {error.strerror or error}.") from error
        if lines[-1] == b"":
            lines.pop()
        return tuple(
            parsed
            for number, line in enumerate(lines, start=1)
            if (parsed := self._parse(line, number, last=number == len(lines)))
        )

    def subscribe(self, observer: Observer) -> Callable[[], None]:
        """Call the observer with every line that this object appends from now on; return what ends that."""
        self._observers.append(observer)
        return lambda: self._observers.remove(observer)

    def _write(self, line: JournalEvent) -> int:
        """Append one line in one write; return how many bytes of an unfinished line were set aside before."""
        content = json.dumps(line.model_dump(mode="json"), separators=(",", ":")).encode() + b"\n"
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            torn = self._set_torn_aside(descriptor)
            written = os.write(descriptor, content)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if written != len(content):
            raise OSError(None, "the disk took only a part of the line")
        return torn

    def _set_torn_aside(self, descriptor: int) -> int:
        """Move what follows the last line end out of the journal; only a writer that died can have left it."""
        size = os.fstat(descriptor).st_size
        if size == 0 or _read_at(descriptor, size - 1, 1) == b"\n":
            return 0
        content = _read_at(descriptor, 0, size)
        end = content.rfind(b"\n") + 1
        with self.torn_path.open("ab") as torn:
            torn.write(content[end:] + b"\n")
            torn.flush()
            os.fsync(torn.fileno())
        os.ftruncate(descriptor, end)
        return size - end

    def _parse(self, line: bytes, number: int, *, last: bool) -> JournalEvent | None:
        """Return the line's event, None for an unfinished last line."""
        try:
            return JournalEvent.model_validate_json(line)
        except ValidationError as error:
            if last:
                return None
            raise StateError(
                f"Line {number} of {self.path} is damaged, so the operation cannot be resumed safely. "
                "Compare the line with the workspace, repair or remove it, then resume."
            ) from error

    def _tell(self, line: JournalEvent) -> None:
        """Tell every observer; a broken one must not stop the operation that it watches."""
        for observer in tuple(self._observers):
            try:
                observer(line)
            except Exception:
                logger.exception("An observer of the journal failed at %s", line.event)


def _read_at(descriptor: int, offset: int, count: int) -> bytes:
    """Read exactly this part of a file, without moving to it."""
    os.lseek(descriptor, offset, os.SEEK_SET)
    parts: list[bytes] = []
    while count and (part := os.read(descriptor, count)):
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
