"""The control plane's side of the workers: starts the zygote, hands out jobs, watches and ends them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.spark.settings import client_environment

LOG_BYTES = 5 * 2**20
_POLL_SECONDS = 0.05


@dataclass
class _Running:
    ended: threading.Event = field(default_factory=threading.Event)
    pid: int | None = None


@dataclass(frozen=True)
class Finished:
    """How a worker ended: `result` is None if it wrote none, `stopped_by` is what `stop_when` returned."""

    result: Mapping[str, Any] | None
    stopped_by: str | None
    logs: str


class Workers:
    """Runs jobs in forked processes; safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._zygote: subprocess.Popen[bytes] | None = None
        self._running: dict[str, _Running] = {}
        self._listener: threading.Thread | None = None

    def start(self) -> None:
        """Start the zygote; it takes jobs at once and forks when its imports are done."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._lock:
            if self._zygote is None or self._zygote.poll() is not None:
                self._zygote = _start_zygote(self._folder)
                self._listener = threading.Thread(target=self._listen, args=(self._zygote,), daemon=True)
                self._listener.start()

    def run(self, job: Mapping[str, Any], stop_when: Callable[[], str | None], python: Path | None = None) -> Finished:
        """Run one job to its end; as soon as `stop_when` returns a reason, kill its process group."""
        self.start()
        base = self._folder / uuid.uuid4().hex
        files = {name: base.with_suffix(f".{name}") for name in ("job", "result", "log")}
        scratch = base.with_suffix(".tmp")
        own = {"result": str(files["result"]), "scratch": str(scratch)}
        files["job"].write_text(json.dumps({**job, **own}), encoding="utf-8")
        files["log"].touch()
        try:
            reason = self._watch(files, python, stop_when)
            text = files["result"].read_text(encoding="utf-8") if files["result"].exists() else None
            return Finished(json.loads(text) if text and not reason else None, reason, _tail(files["log"]))
        finally:
            for file in files.values():
                file.unlink(missing_ok=True)
            shutil.rmtree(scratch, ignore_errors=True)

    def stop(self) -> None:
        """End the zygote and with it every worker."""
        with self._lock:
            zygote, self._zygote = self._zygote, None
        if zygote is None:
            return
        if zygote.stdin:
            zygote.stdin.close()
        zygote.wait()
        if self._listener:
            self._listener.join()
        if zygote.stdout:
            zygote.stdout.close()

    def _watch(self, files: Mapping[str, Path], python: Path | None, stop_when: Callable[[], str | None]) -> str | None:
        running = self._running[str(files["job"])] = _Running()
        self._send({"job": str(files["job"]), "log": str(files["log"]), "python": str(python) if python else None})
        reason: str | None = None
        while not running.ended.wait(_POLL_SECONDS):
            _bound(files["log"])
            reason = reason or stop_when()
            if reason and running.pid:
                with suppress(ProcessLookupError):
                    os.killpg(running.pid, signal.SIGKILL)
        return reason

    def _send(self, request: Mapping[str, Any]) -> None:
        with self._lock:
            if self._zygote is None or self._zygote.stdin is None:
                self._running.pop(request["job"]).ended.set()
                return
            self._zygote.stdin.write(json.dumps(request).encode() + b"\n")
            self._zygote.stdin.flush()

    def _listen(self, zygote: subprocess.Popen[bytes]) -> None:
        for line in zygote.stdout or ():
            answer = json.loads(line)
            running = self._running.get(answer["job"])
            if running is None:
                continue
            running.pid = answer.get("pid", running.pid)
            if answer.get("ended"):
                self._running.pop(answer["job"]).ended.set()
        for job in list(self._running):  # the zygote is gone, and its workers with it
            self._running.pop(job).ended.set()


def _start_zygote(folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "zygote.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "sandbox.spark.zygote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=Path(__file__).parents[2],
            env=client_environment(),
            start_new_session=True,
        )


def _tail(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LOG_BYTES))
        return file.read().decode("utf-8", errors="replace")


def _bound(log: Path) -> None:
    """Keep only the end of an endless log; the worker appends, so it goes on behind what is left."""
    if log.stat().st_size > 4 * LOG_BYTES:
        kept = _tail(log).encode()
        with log.open("r+b") as file:
            file.write(kept)
            file.truncate()
