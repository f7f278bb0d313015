from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from databricks.sdk import WorkspaceClient

from workspace.errors import DeployLockedError
from workspace.lock import TargetLock
from workspace.lock_holder import LockHolder

if TYPE_CHECKING:
    from .conftest import LoopbackWorkspace

ROOT = "/Workspace/Users/tester@example.com/.bundle/sample/dev"
PATH = f"{ROOT}/bundleops.lock"


class LockFile:
    """What the workspace keeps at the lock's path."""

    def __init__(self) -> None:
        self.content: bytes | None = None
        self.folder = True

    def write(self, query: dict[str, str], body: Any) -> tuple[int, Any]:
        if not self.folder:
            return 404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no folder"}
        if self.content is not None and query["overwrite"] == "false":
            return 409, {"error_code": "RESOURCE_ALREADY_EXISTS", "message": "there"}
        self.content = json.dumps(body).encode()
        return 200, {}

    def read(self, _query: dict[str, str], _body: Any) -> tuple[int, Any]:
        if self.content is None:
            return 404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "gone"}
        return 200, self.content

    def delete(self, _query: dict[str, str], _body: Any) -> tuple[int, Any]:
        self.content = None
        return 200, {}

    def make_folder(self, _query: dict[str, str], _body: Any) -> tuple[int, Any]:
        self.folder = True
        return 200, {}


@pytest.fixture
def file(workspace: LoopbackWorkspace) -> LockFile:
    made = LockFile()
    workspace.answer("GET", "/api/2.0/preview/scim/v2/Me", {"userName": "tester@example.com"})
    workspace.answer("POST", f"/api/2.0/workspace-files/import-file/{PATH[1:]}", made.write)
    workspace.answer("GET", "/api/2.0/workspace/export", made.read)
    workspace.answer("POST", "/api/2.0/workspace/delete", made.delete)
    workspace.answer("POST", "/api/2.0/workspace/mkdirs", made.make_folder)
    return made


def taken(client: WorkspaceClient, operation: str = "op-1", **more: Any) -> TargetLock:
    lock = TargetLock(client, ROOT, operation, **more)
    lock.acquire(0)
    return lock


def test_a_taken_lock_names_its_holder(client: WorkspaceClient, file: LockFile) -> None:
    lock = taken(client)
    holder = LockHolder.model_validate_json(file.content or b"")
    lock.release()
    assert (holder.operation, holder.owner) == ("op-1", "tester@example.com")


def test_a_released_lock_is_gone(client: WorkspaceClient, file: LockFile) -> None:
    taken(client).release()
    assert file.content is None


def test_a_first_deploys_missing_folder_is_made(client: WorkspaceClient, file: LockFile) -> None:
    file.folder = False
    taken(client).release()
    assert file.folder


def test_a_foreign_lock_is_refused_with_all_one_needs_to_know(client: WorkspaceClient, file: LockFile) -> None:
    first = taken(client)
    with pytest.raises(
        DeployLockedError, match=r"tester@example.com: operation op-1 on .*sign of life \d+ s ago.*resume"
    ):
        taken(client, "op-2")
    assert b"op-1" in (file.content or b"")
    first.release()


def test_waiting_tells_the_holder_once_and_goes_on_when_it_ends(client: WorkspaceClient, file: LockFile) -> None:
    first = taken(client)
    told: list[str] = []
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            first.release()

    second = TargetLock(client, ROOT, "op-2")
    second.acquire(600, lambda holder: told.append(holder.operation), sleep)
    assert told == ["op-1"]
    assert b"op-2" in (file.content or b"")
    second.release()


def test_the_wait_ends_at_its_limit(client: WorkspaceClient, file: LockFile) -> None:
    first = taken(client)
    pauses: list[float] = []
    with pytest.raises(DeployLockedError):
        TargetLock(client, ROOT, "op-2").acquire(12, sleep=pauses.append)
    assert sum(pauses) == 12
    assert file.content is not None
    first.release()


def test_an_operation_takes_its_own_lock_again(client: WorkspaceClient, file: LockFile) -> None:
    before = taken(client)
    again = taken(client)
    again.require_held()
    before.release()
    assert b"op-1" in (file.content or b""), "the older process must not release what the newer one holds"
    again.release()
    assert file.content is None


def test_the_heartbeat_shows_life(client: WorkspaceClient, file: LockFile) -> None:
    lock = taken(client, heartbeat_seconds=0.02)
    first = LockHolder.model_validate_json(file.content or b"")
    for _ in range(200):
        threading.Event().wait(0.02)
        now = LockHolder.model_validate_json(file.content or b"")
        if now.heartbeat_at > first.heartbeat_at:
            break
    lock.release()
    assert now.heartbeat_at > first.heartbeat_at
    assert (now.id, now.acquired_at) == (first.id, first.acquired_at)


def test_a_lock_that_somebody_deleted_is_reported_and_no_longer_held(client: WorkspaceClient, file: LockFile) -> None:
    lost = threading.Event()
    reasons: list[str] = []

    def on_lost(reason: str) -> None:
        reasons.append(reason)
        lost.set()

    lock = taken(client, heartbeat_seconds=0.02, on_lost=on_lost)
    file.content = None
    assert lost.wait(10)
    with pytest.raises(DeployLockedError, match="somebody deleted it"):
        lock.require_held()
    lock.release()
    assert len(reasons) == 1


def test_a_lock_that_was_never_taken_is_not_held(client: WorkspaceClient) -> None:
    with pytest.raises(DeployLockedError, match="not held"):
        TargetLock(client, ROOT, "op-1").require_held()


def test_a_lock_file_of_unknown_form_is_left_alone(client: WorkspaceClient, file: LockFile) -> None:
    file.content = b"something else"
    with pytest.raises(DeployLockedError, match="no lock of a known form"):
        taken(client)
    assert file.content == b"something else"


def left(client: WorkspaceClient, seconds: float) -> None:
    """Let operation op-1 leave its lock behind to wait for a person, until this many seconds from now."""
    taken(client).leave(datetime.now(UTC) + timedelta(seconds=seconds))


def test_a_lock_left_for_a_person_is_refused_at_once_and_says_why(client: WorkspaceClient, file: LockFile) -> None:
    left(client, 60)
    second = TargetLock(client, ROOT, "op-2")
    with pytest.raises(DeployLockedError, match=r"op-1 on .* is suspended and waits for a person until"):
        second.acquire(600, sleep=lambda _seconds: pytest.fail("waiting would keep the suspended one from going on"))
    assert b"op-1" in (file.content or b"")


def test_the_operation_that_left_it_takes_it_again(client: WorkspaceClient, file: LockFile) -> None:
    left(client, 60)
    lock = taken(client)
    assert LockHolder.model_validate_json(file.content or b"").waits_until is None
    lock.release()


def test_a_lock_whose_wait_is_over_is_taken_over(client: WorkspaceClient, file: LockFile) -> None:
    left(client, -1)
    second = TargetLock(client, ROOT, "op-2")
    second.acquire(0, sleep=lambda _seconds: None)
    assert b"op-2" in (file.content or b"")
    second.release()


def test_of_two_that_take_over_one_lock_only_the_last_has_it(client: WorkspaceClient, file: LockFile) -> None:
    left(client, -1)
    first, second = TargetLock(client, ROOT, "op-2"), TargetLock(client, ROOT, "op-3")

    def other_was_as_fast(_seconds: float) -> None:
        file.content = None  # it had read the ended lock, too, and deletes what is there now
        second.acquire(0)

    with pytest.raises(DeployLockedError, match="operation op-3"):
        first.acquire(0, sleep=other_was_as_fast)
    second.require_held()
    second.release()


def test_a_block_gives_the_lock_back_when_it_fails(client: WorkspaceClient, file: LockFile) -> None:
    def fail() -> None:
        with TargetLock(client, ROOT, "op-1").held(0):
            raise LookupError("the block failed")

    with pytest.raises(LookupError, match="the block failed"):
        fail()
    assert file.content is None
