"""Runs one command and ends it, with all its children, when the process that started the guard is gone.

Started as `python guard.py COMMAND…` with a pipe as standard input that the parent keeps open: the pipe closes
however the parent dies, so a killed sandbox leaves no engine behind.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

GRACE_SECONDS = 5.0


def main(command: list[str]) -> int:
    """Run `command` in the guard's own process group until it ends or standard input closes."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    threading.Thread(target=_end_with_parent, args=(child,), daemon=True).start()
    return child.wait()


def _end_with_parent(child: subprocess.Popen[bytes]) -> None:
    while os.read(0, 4096):
        pass
    child.terminate()
    deadline = time.monotonic() + GRACE_SECONDS
    while child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
