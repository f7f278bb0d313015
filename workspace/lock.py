"""Our lock on a target: a file in its workspace root, created without overwrite.

A foreign lock is never broken. One that was left behind for a person's answer says until when; it ends by itself then.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from pydantic import ValidationError

from workspace.errors import DeployLockedError, OperatorError, WorkspaceRequestError
from workspace.lock_holder import LockHolder, held_text
from workspace.sdk import translated

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

LOCK_NAME = "bundleops.lock"
HEARTBEAT_SECONDS = 30.0
LOOK_SECONDS = 5.0
SETTLE_SECONDS = 5.0
"""Two processes may find the same lock ended and take it one after the other; who has it after this time has it."""


OnWait = Callable[[LockHolder], None]
OnLost = Callable[[str], None]


class TargetLock:
    """The lock of one operation on one target.

    Args:
        client: client for the target's workspace.
        remote_root: root path of the target in the workspace.
        operation: id of the operation; the same operation takes its own lock again after a crash.
        on_lost: called from the heartbeat thread when the lock is no longer ours, with the reason.
        heartbeat_seconds: time between two signs of life.
    """

    def __init__(
        self,
        client: WorkspaceClient,
        remote_root: str,
        operation: str,
        *,
        on_lost: OnLost | None = None,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        self.path = f"{remote_root.rstrip('/')}/{LOCK_NAME}"
        self._client = client
        self._root = remote_root
        self._operation = operation
        self._on_lost = on_lost
        self._heartbeat_seconds = heartbeat_seconds
        self._mine: LockHolder | None = None
        self._lost = ""
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def acquire(
        self,
        wait_seconds: float,
        on_wait: OnWait | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take the lock, waiting for a foreign holder; `on_wait` is called once for each holder.

        Raises:
            DeployLockedError: the target is still held after the wait; the text names the holder.
            WorkspaceRequestError: the lock file cannot be written.
        """
        waited, told = 0.0, ""
        mine = self._new_holder()
        while not self._create(mine):
            holder = self.holder()
            if holder is None:
                continue  # released between the two requests
            if holder.operation == self._operation:
                self._write(mine, overwrite=True)
                break
            if holder.has_ended:
                if self._take_ended(mine, holder, sleep):
                    break
                continue
            # A suspended operation goes on only when this one is out of its way.
            if waited >= wait_seconds or holder.waits_until is not None:
                raise DeployLockedError(held_text(holder, self.path))
            if holder.id != told and on_wait is not None:
                on_wait(holder)
            told = holder.id
            pause = min(LOOK_SECONDS, wait_seconds - waited)
            sleep(pause)
            waited += pause
        self._mine, self._lost = mine, ""
        self._start_heartbeat()

    def leave(self, until: datetime) -> None:
        """Keep the target without a process: the operation waits for a person, until then at most."""
        mine = self._stop_heartbeat()
        holder = self.holder() if mine is not None else None
        if mine is not None and holder is not None and holder.id == mine.id:
            self._write(mine.model_copy(update={"waits_until": until}), overwrite=True)

    def release(self) -> None:
        """Give the lock back if it is still ours; does nothing otherwise."""
        mine = self._stop_heartbeat()
        holder = self.holder() if mine is not None else None
        if mine is not None and holder is not None and holder.id == mine.id:
            with translated(f"releasing the lock {self.path}"):
                self._client.workspace.delete(self.path)

    @contextlib.contextmanager
    def held(self, wait_seconds: float, on_wait: OnWait | None = None) -> Iterator[TargetLock]:
        """Hold the lock for a block."""
        self.acquire(wait_seconds, on_wait)
        try:
            yield self
        finally:
            self.release()

    def require_held(self) -> None:
        """Ask this right before an act that needs the lock.

        Raises:
            DeployLockedError: the lock was lost, or never taken.
        """
        if self._mine is None or self._lost:
            raise DeployLockedError(self._lost or f"The lock {self.path} is not held.")

    def holder(self) -> LockHolder | None:
        """Return who holds the target, None when nobody does.

        Raises:
            DeployLockedError: there is a lock file that is not ours to read.
        """
        from databricks.sdk.errors import NotFound  # noqa: PLC0415 - loaded with the client

        with translated(f"reading the lock {self.path}"):
            try:
                content = self._client.workspace.download(self.path).read()
            except NotFound:
                return None
        try:
            return LockHolder.model_validate_json(content)
        except ValidationError:
            raise DeployLockedError(
                f"{self.path} is no lock of a known form. Make sure that nothing works on this target, then delete it."
            ) from None

    def _create(self, mine: LockHolder) -> bool:
        try:
            self._write(mine, overwrite=False)
        except WorkspaceRequestError as error:
            if error.status == 404:
                with translated(f"creating {self._root}"):
                    self._client.workspace.mkdirs(self._root)
                return self._create_in_existing_folder(mine)
            if _is_held(error):
                return False
            raise
        return True

    def _create_in_existing_folder(self, mine: LockHolder) -> bool:
        try:
            self._write(mine, overwrite=False)
        except WorkspaceRequestError as error:
            if _is_held(error):
                return False
            raise
        return True

    def _write(self, holder: LockHolder, *, overwrite: bool) -> None:
        # The same request that the CLI's own lock uses: it refuses atomically when the file exists.
        path = f"/api/2.0/workspace-files/import-file/{quote(self.path.lstrip('/'), safe='')}"
        with translated(f"writing the lock {self.path}"):
            self._client.api_client.do(
                "POST", path, query={"overwrite": str(overwrite).lower()}, data=holder.model_dump_json().encode()
            )

    def _take_ended(self, mine: LockHolder, ended: LockHolder, sleep: Callable[[float], None]) -> bool:
        """Take a lock whose own time is over; false when somebody else was faster."""
        found = self.holder()
        if found is None or found.id != ended.id:
            return False
        from databricks.sdk.errors import NotFound  # noqa: PLC0415 - loaded with the client

        with translated(f"taking over the ended lock {self.path}"), contextlib.suppress(NotFound):
            self._client.workspace.delete(self.path)
        if not self._create(mine):
            return False
        sleep(SETTLE_SECONDS)
        settled = self.holder()
        return settled is not None and settled.id == mine.id

    def _stop_heartbeat(self) -> LockHolder | None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        mine, self._mine = self._mine, None
        return mine

    def _start_heartbeat(self) -> None:
        self._stop.clear()
        self._thread = threading.Thread(target=self._beat, name=f"lock heartbeat {self._operation}", daemon=True)
        self._thread.start()

    def _beat(self) -> None:
        while not self._stop.wait(self._heartbeat_seconds):
            try:
                self._beat_once()
            except WorkspaceRequestError:
                continue  # a missed sign of life harms nobody: nobody breaks the lock
            except OperatorError as error:
                self._lose(str(error))
            if self._lost:
                return

    def _beat_once(self) -> None:
        mine = self._mine
        if mine is None:
            return
        holder = self.holder()
        if holder is None:
            self._lose(f"The lock {self.path} is gone: somebody deleted it. Nothing more is changed on this target.")
        elif holder.id != mine.id:
            self._lose(f"The lock was taken by another process. {held_text(holder, self.path)}")
        else:
            self._mine = mine.model_copy(update={"heartbeat_at": datetime.now(UTC)})
            self._write(self._mine, overwrite=True)

    def _lose(self, reason: str) -> None:
        self._lost = reason
        if self._on_lost is not None:
            self._on_lost(reason)

    def _new_holder(self) -> LockHolder:
        with translated("asking who the caller is"):
            user = self._client.current_user.me().user_name or "unknown"
        now = datetime.now(UTC)
        return LockHolder(
            id=str(uuid.uuid4()),
            operation=self._operation,
            owner=user,
            host=socket.gethostname(),
            pid=os.getpid(),
            acquired_at=now,
            heartbeat_at=now,
        )


def _is_held(error: WorkspaceRequestError) -> bool:
    return error.status == 409 or error.error_code in {"RESOURCE_ALREADY_EXISTS", "ALREADY_EXISTS"}
