"""A process that has imported everything a task needs and forks one worker for each job.

Requests come as JSON lines on standard input (`{"job": file, "log": file, "python": file or null}`); answers leave on
standard output: `{"job": …, "pid": …}` when the worker runs and `{"job": …, "ended": true}` when it is gone. When the
input closes, the parent is gone: every worker is killed. It opens no channel to Spark, which would not survive a fork.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

from sandbox.spark import worker


def main() -> None:
    """Serve until standard input closes."""
    for name in ("pandas", "pyarrow"):
        importlib.import_module(name)  # for the workers, which find it loaded

    answers = os.dup(1)
    os.dup2(2, 1)
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    running: dict[int, str] = {}
    pending = b""
    while True:
        ready, _, _ = select.select([0, wake], [], [])
        if wake in ready:
            os.read(wake, 4096)
            _reap(running, answers)
        if 0 in ready:
            received = os.read(0, 65536)
            if not received:
                break
            *lines, pending = (pending + received).split(b"\n")
            for line in lines:
                _fork(json.loads(line), running, answers)
    for pid in running:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


def _answer(answers: int, document: dict[str, Any]) -> None:
    os.write(answers, json.dumps(document).encode() + b"\n")


def _reap(running: dict[int, str], answers: int) -> None:
    for pid in list(running):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            _answer(answers, {"job": running.pop(pid), "ended": True, "status": status})


def _fork(request: dict[str, Any], running: dict[int, str], answers: int) -> None:
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        _become_worker(request)
    with suppress(OSError):  # whoever comes first, parent or child, makes the group that is killed later
        os.setpgid(pid, pid)
    running[pid] = request["job"]
    _answer(answers, {"job": request["job"], "pid": pid})


def _become_worker(request: dict[str, Any]) -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.closerange(3, 256)
    try:
        if request["python"]:
            command = [request["python"], "-P", "-m", "sandbox.spark.worker", request["job"]]
            os.execv(request["python"], command)  # noqa: S606 - no shell is wanted
        sys.stdout = os.fdopen(1, "w", buffering=1, encoding="utf-8")
        sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8")
        worker.main(json.loads(Path(request["job"]).read_text(encoding="utf-8")))
    except BaseException:  # noqa: BLE001 - a fork must never return into the zygote's loop; its log tells why it ended
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main()
