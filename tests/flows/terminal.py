"""A person at a real terminal: a pseudo-terminal whose screen is read and whose keys are pressed."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.flows.services import eventually

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """One command in a pseudo-terminal of 200 columns."""

    def __init__(self, *arguments: str, environment: Mapping[str, str]) -> None:
        self._keyboard, terminal = pty.openpty()
        termios.tcsetwinsize(terminal, (50, 200))
        self._screen = bytearray()
        command = [sys.executable, "-m", "bundleops", *arguments]
        # A session of its own with this terminal, so that Ctrl-C comes from it as from a keyboard.
        self.process = subprocess.Popen(
            command,
            env={**environment, "TERM": "xterm"},
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
            preexec_fn=lambda: _control(terminal),  # noqa: PLW1509 - one system call, and no thread of ours holds a lock
        )
        os.close(terminal)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def screen(self) -> str:
        """All that was printed so far, without colours and cursor moves."""
        return _ESCAPES.sub("", self._screen.decode("utf-8", "replace"))

    def shows(self, *words: str, seconds: float = 90) -> str:
        """Wait until the screen shows these words one after the other."""

        def look() -> str | None:
            place = 0
            for word in words:
                place = self.screen.find(word, place)
                if place < 0:
                    assert self.process.poll() is None, self.screen
                    return None
            return self.screen

        return eventually(look, seconds)

    def types(self, text: str) -> None:
        """Type a line and press Enter."""
        os.write(self._keyboard, text.encode() + b"\n")

    def presses_ctrl_c(self) -> None:
        os.write(self._keyboard, b"\x03")

    def ends(self) -> int:
        """Wait for the end and return the exit code."""
        code = self.process.wait(timeout=90)
        self._reader.join(timeout=5)
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self._reader.join(timeout=5)
        os.close(self._keyboard)

    def _read(self) -> None:
        # The kernel reports the end of the other side as an error.
        with contextlib.suppress(OSError):
            while True:
                if select.select([self._keyboard], [], [], 0.2)[0]:
                    self._screen += os.read(self._keyboard, 65536)
                elif self.process.poll() is not None:
                    return


def _control(terminal: int) -> None:
    """Make the terminal the controlling one of a new session."""
    import fcntl  # noqa: PLC0415 - runs in the new process only

    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)


@contextmanager
def at_terminal(*arguments: str, environment: Mapping[str, str]) -> Iterator[Terminal]:
    """Start bundleops in a terminal, and kill it if it is still there at the end."""
    terminal = Terminal(*arguments, environment=environment)
    try:
        yield terminal
    finally:
        terminal.close()
