from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.contract.conftest import Sandbox


@pytest.fixture
def own(sandbox: Sandbox, tmp_path: Path) -> Iterator[Sandbox]:
    started = type(sandbox)(tmp_path / "state")
    yield started
    started.command("stop")


def kill(sandbox: Sandbox) -> None:
    about = json.loads((sandbox.state_dir / "daemon.json").read_text(encoding="utf-8"))
    os.kill(about["pid"], signal.SIGKILL)
    sandbox.eventually(lambda: "not running" in sandbox.command("status").stdout or None)


def test_runs_of_a_killed_daemon_end_with_a_lost_cluster(own: Sandbox) -> None:
    own.play(tasks=[{"seconds": 60}])
    run_id = own.client.jobs.run_now(own.make_job("slow", "later")).run_id
    kill(own)
    own.command("start", "--compute", "scripted")
    own.connect()
    state = own.client.jobs.get_run(run_id).as_dict()["state"]
    assert (state["life_cycle_state"], state["result_state"]) == ("INTERNAL_ERROR", "FAILED")
    assert "Could not reach driver of cluster" in state["state_message"]


def test_host_token_jobs_and_files_survive_a_restart(own: Sandbox) -> None:
    before, job_id = (own.host, own.token), own.make_job("load")
    own.client.workspace.mkdirs("/Shared/kept")
    own.command("stop")
    own.command("start", "--compute", "scripted")
    own.connect()
    assert (own.host, own.token) == before
    assert own.client.jobs.get(job_id).job_id == job_id
    assert own.client.workspace.get_status("/Shared/kept").path == "/Shared/kept"


def test_a_second_start_says_that_the_sandbox_runs_already(sandbox: Sandbox) -> None:
    again = sandbox.command("start")
    assert "runs already" in again.stdout
    assert sandbox.host in again.stdout


def test_a_port_in_use_is_named_in_one_line(sandbox: Sandbox, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        other = type(sandbox).__new__(type(sandbox))
        other.state_dir = tmp_path / "state"
        refused = other.command("start", "--compute", "scripted", "--port", port, check=False)
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"sandbox: the sandbox did not start: port {port} is in use")
    assert "Traceback" not in refused.stderr


def test_a_folder_that_is_no_state_is_not_deleted(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    other = type(sandbox).__new__(type(sandbox))
    other.state_dir = tmp_path
    refused = other.command("reset", "--yes", check=False)
    assert (refused.returncode, (tmp_path / "thesis.txt").exists()) == (1, True)
    assert "is not the state of a sandbox" in refused.stderr


def test_the_state_is_readable_by_its_owner_only(sandbox: Sandbox) -> None:
    assert sandbox.state_dir.stat().st_mode & 0o077 == 0
    assert (sandbox.state_dir / "token").stat().st_mode & 0o077 == 0
