"""The state directory is private, outside the bundle, and lets one process work on an operation."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from operations.operation import Operation
from operations.store import OperationFolder, StateStore, operation_id
from workspace.errors import StateError, UsageError

HOLDER = """
import sys, time
from pathlib import Path
from operations.store import OperationClaim
claim = OperationClaim(Path(sys.argv[1]))
claim.acquire()
print("held", flush=True)
time.sleep(60)
"""


def test_ids_sort_by_the_time_they_were_made() -> None:
    first = operation_id(datetime(2026, 11, 23, 21, 15, 2, tzinfo=UTC))
    second = operation_id(datetime(2026, 11, 23, 21, 15, 3, tzinfo=UTC))
    assert first.startswith("20261123-211502-")
    assert first < second


def test_what_was_asked_for_is_read_back(store: StateStore, request_of_operation: Operation) -> None:
    store.create(request_of_operation)
    assert store.open(request_of_operation.id).request() == request_of_operation


def test_a_request_that_cannot_be_written_names_the_state_directory(
    folder: OperationFolder, request_of_operation: Operation
) -> None:
    (folder.path / "request.json").unlink()
    (folder.path / "request.json").mkdir()
    with pytest.raises(StateError, match=f"state directory {folder.path} cannot be used"):
        folder.write(request_of_operation)


def test_only_the_owner_can_read_the_records(folder: OperationFolder, store: StateStore) -> None:
    modes = [path.stat().st_mode & 0o077 for path in (store.root, folder.path, folder.path / "request.json")]
    assert modes == [0, 0, 0]


def test_a_state_directory_that_others_can_enter_is_closed(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    StateStore(tmp_path / "open")
    assert (tmp_path / "open").stat().st_mode & 0o077 == 0


def test_a_state_directory_inside_the_bundle_is_refused(tmp_path: Path, request_of_operation: Operation) -> None:
    inside = StateStore(tmp_path / "bundle" / "state")
    with pytest.raises(UsageError, match="a deploy would upload it"):
        inside.create(request_of_operation)


def test_the_newest_operation_is_listed_first(store: StateStore, request_of_operation: Operation) -> None:
    for identifier in ("20261123-211502-aaaa", "20261124-090000-aaaa"):
        store.create(request_of_operation.model_copy(update={"id": identifier}))
    assert [folder.id for folder in store.list()] == ["20261124-090000-aaaa", "20261123-211502-aaaa"]


@pytest.mark.parametrize("identifier", ["../../etc", "20261123-211502-k7fd/..", "", "latest"])
def test_what_is_no_id_is_never_opened(store: StateStore, identifier: str) -> None:
    with pytest.raises(UsageError, match="is no operation id"):
        store.open(identifier)


def test_an_unknown_operation_names_the_ones_there_are(store: StateStore, folder: OperationFolder) -> None:
    with pytest.raises(UsageError, match=folder.id):
        store.open("20200101-000000-aaaa")


def test_a_second_claim_is_refused_and_names_the_process(folder: OperationFolder) -> None:
    with folder.claim(), pytest.raises(StateError, match=f"process {os.getpid()}"):
        folder.claim().acquire()


def test_a_released_claim_can_be_taken_again(folder: OperationFolder) -> None:
    with folder.claim():
        pass
    with folder.claim():
        assert (folder.path / "claim.json").exists()


def test_the_claim_of_a_killed_process_is_free(folder: OperationFolder) -> None:
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder.path)], cwd=root, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StateError, match=f"process {holder.pid}"):
            folder.claim().acquire()
        holder.send_signal(signal.SIGKILL)
        holder.wait(timeout=10)
    with folder.claim():
        assert str(os.getpid()) in (folder.path / "claim.json").read_text()


def test_a_number_that_another_program_got_since_is_not_taken_for_the_process_of_an_operation(
    folder: OperationFolder,
) -> None:
    note = {"pid": os.getpid(), "host": socket.gethostname(), "since": "2026-11-24T10:00:00+00:00"}
    (folder.path / "claim.json").write_text(json.dumps(note), encoding="utf-8")
    assert folder.process_here() is None
    with folder.claim():
        assert folder.process_here() == os.getpid()


def test_a_process_of_another_machine_is_to_be_stopped_there(folder: OperationFolder) -> None:
    note = {"pid": 1, "host": "elsewhere", "since": "2026-11-24T10:00:00+00:00"}
    (folder.path / "claim.json").write_text(json.dumps(note), encoding="utf-8")
    with pytest.raises(StateError, match=r"process 1 on elsewhere .*stop it on that machine"):
        folder.process_here()
