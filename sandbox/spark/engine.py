"""The Spark Connect server that is always there: started in the background, watched, started again when it dies."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path

from filelock import FileLock, Timeout

from sandbox.layout import USER_NAME
from sandbox.spark.errors import EngineError
from sandbox.spark.jvm import Jvm

START_SECONDS = 120.0
MAX_FAILED_STARTS = 3
DEFAULT_USER = USER_NAME


class Engine:
    """Owns the state directory (catalog, tables, log) and the one server that may run on it."""

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir.resolve()
        self.generation = 0
        """Counts the servers that became ready: work that began under another generation has lost its server."""
        self._jvm: Jvm | None = None
        self._ready = threading.Event()
        self._stopping = threading.Event()
        self._failure: EngineError | None = None
        self._thread: threading.Thread | None = None
        self._lock = FileLock(self.state_dir / "engine.lock", thread_local=False)

    @property
    def pid(self) -> int | None:
        """Process id (and group id) of the server, None while there is none."""
        jvm = self._jvm
        return jvm.pid if jvm else None

    def start(self) -> None:
        """Begin to start the server in the background and return at once.

        Raises:
            EngineError: another sandbox runs on this state directory.
        """
        if self._thread is not None:
            return
        self.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise EngineError(f"another sandbox runs on {self.state_dir}: stop it or take another folder") from error
        self._thread = threading.Thread(target=self._supervise, name="engine", daemon=True)
        self._thread.start()

    def wait_until_ready(self, timeout: float) -> None:
        """Return when the server accepts work.

        Raises:
            EngineError: it cannot start, or not within `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while not self._ready.wait(0.05):
            if self._failure:
                raise self._failure
            if time.monotonic() > deadline:
                raise EngineError(f"Spark was not ready within {timeout:.0f} s (log: {self.state_dir / 'engine.log'})")

    def ready(self) -> bool:
        """Tell whether the server accepts work now."""
        return self._ready.is_set()

    def failure(self) -> str | None:
        """Return why the engine gave up, None while it has not."""
        return str(self._failure) if self._failure else None

    def alive(self) -> bool:
        """Tell whether a server runs that accepts work."""
        jvm = self._jvm
        return self._ready.is_set() and jvm is not None and jvm.alive()

    def remote_url(self, session_id: str, user: str = DEFAULT_USER) -> str:
        """Return the address of a Spark Connect session; `session_id` is a UUID.

        Raises:
            EngineError: no server is ready.
        """
        jvm = self._jvm
        if jvm is None or not self._ready.is_set():
            raise EngineError("Spark is not ready: wait until it is")
        return jvm.remote_url(session_id, re.sub(r"[^\w.@-]", "_", user) or DEFAULT_USER)

    def kill(self) -> None:
        """Kill the server as a crash would; another is started."""
        jvm = self._jvm
        if jvm:
            jvm.kill()

    def stop(self) -> None:
        """End the server and let go of the state directory; a second call does nothing."""
        self._stopping.set()
        if self._thread is None:
            return
        jvm = self._jvm
        if jvm:
            jvm.stop()
        self._thread.join()
        self._ready.clear()
        self._lock.release()

    def _supervise(self) -> None:
        failed_starts = 0
        while not self._stopping.is_set() and failed_starts < MAX_FAILED_STARTS:
            try:
                self._serve_once()
            except EngineError as error:
                failed_starts += 1
                if failed_starts == MAX_FAILED_STARTS or self._jvm is None:
                    self._failure = error
                    return
            else:
                failed_starts = 0

    def _serve_once(self) -> None:
        """Start one server and return when it has ended."""
        self._jvm = None
        self._jvm = jvm = Jvm(self.state_dir)
        try:
            if self._stopping.is_set():
                return
            jvm.wait_for_port(START_SECONDS)
            self.generation += 1
            self._ready.set()
            jvm.wait()
        finally:
            self._ready.clear()
            jvm.stop()
