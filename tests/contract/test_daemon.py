from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import PermissionDenied, Unauthenticated
from filelock import FileLock

from workspace.local_sandbox import sandbox_environment

if TYPE_CHECKING:
    from tests.contract.conftest import Sandbox


@pytest.fixture
def own(sandbox: Sandbox, tmp_path: Path) -> Iterator[Sandbox]:
    started = type(sandbox)(tmp_path / "state")
    yield started
    started.command("stop")


def unstarted(sandbox: Sandbox, state_dir: Path) -> Sandbox:
    other = type(sandbox).__new__(type(sandbox))
    other.state_dir = state_dir
    return other


def processes_that_name(folder: Path) -> list[str]:
    found = []
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # processes of others, and such that end meanwhile
            found += [command.parent.name] if str(folder).encode() in command.read_bytes() else []
    return found


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


def test_two_sandboxes_side_by_side_know_nothing_of_each_other(sandbox: Sandbox, own: Sandbox) -> None:
    name = f"only here {own.host}"
    own.make_job("t", name=name)
    assert own.host != sandbox.host
    assert list(sandbox.client.jobs.list(name=name)) == []
    with pytest.raises((PermissionDenied, Unauthenticated)):
        WorkspaceClient(host=sandbox.host, token=own.token).current_user.me()


def test_a_port_in_use_is_named_in_one_line(sandbox: Sandbox, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        other = unstarted(sandbox, tmp_path / "state")
        refused = other.command("start", "--compute", "scripted", "--port", port, check=False)
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"sandbox: the sandbox did not start: port {port} is in use")
    assert "Traceback" not in refused.stderr


def test_a_folder_that_is_no_state_is_not_deleted(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    refused = unstarted(sandbox, tmp_path).command("reset", "--yes", check=False)
    assert (refused.returncode, (tmp_path / "thesis.txt").exists()) == (1, True)
    assert "is not the state of a sandbox" in refused.stderr


def test_the_state_is_readable_by_its_owner_only(sandbox: Sandbox) -> None:
    assert sandbox.state_dir.stat().st_mode & 0o077 == 0
    assert (sandbox.state_dir / "token").stat().st_mode & 0o077 == 0


def test_start_refuses_a_folder_that_holds_something_else(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    tmp_path.chmod(0o755)
    refused = unstarted(sandbox, tmp_path).command("start", "--compute", "scripted", check=False)
    assert (refused.returncode, tmp_path.stat().st_mode & 0o777) == (1, 0o755)
    assert "is not empty and not the state of a sandbox" in refused.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]


def test_reset_deletes_what_a_start_has_made(own: Sandbox) -> None:
    assert own.command("reset", "--yes").returncode == 0
    assert not own.state_dir.exists()


def test_a_process_that_only_has_the_daemons_old_id_is_not_stopped(sandbox: Sandbox, tmp_path: Path) -> None:
    bystander = subprocess.Popen(["sleep", "60"], start_new_session=True)
    (tmp_path / "daemon.json").write_text(json.dumps({"pid": bystander.pid, "born": "1"}), encoding="utf-8")
    try:
        with FileLock(tmp_path / "daemon.lock"):
            refused = unstarted(sandbox, tmp_path).command("stop", check=False)
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()
    assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)


def test_a_stopped_daemon_leaves_its_port_but_no_process_id(own: Sandbox) -> None:
    port = json.loads((own.state_dir / "daemon.json").read_text(encoding="utf-8"))["port"]
    own.command("stop")
    assert json.loads((own.state_dir / "daemon.json").read_text(encoding="utf-8")) == {"port": port}


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_start_leaves_no_daemon(sandbox: Sandbox, tmp_path: Path, end: signal.Signals) -> None:
    other = unstarted(sandbox, tmp_path / "state")
    line = [sys.executable, "-m", "sandbox", "start", "--compute", "scripted", "--state-dir", str(other.state_dir)]
    starting = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    other.eventually(lambda: (other.state_dir / "sandbox.log").exists() or None)
    time.sleep(0.1)
    starting.send_signal(end)
    assert starting.wait(timeout=30) == 128 + end
    assert "not running" in other.command("status").stdout
    assert not processes_that_name(other.state_dir)


def test_the_stand_in_takes_no_module_from_the_folder_where_it_is_called(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "argparse.py").write_text("raise SystemExit('the bundle was imported')", encoding="utf-8")
    (tmp_path / "queue.py").write_text("raise SystemExit('the bundle was imported')", encoding="utf-8")
    launcher = str(sandbox.state_dir / "bin" / "databricks")
    done = subprocess.run([launcher, "--version"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture
def crowded_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory: it holds modules that are named as some of Python's and of the sandbox."""
    for name in ("json", "random", "argparse", "sandbox"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('this module belongs to somebody else')\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("crowded_folder")
def test_the_sandbox_command_imports_nothing_from_the_folder_where_it_is_called(sandbox: Sandbox) -> None:
    program = Path(sys.executable).with_name("bundleops")
    line = [str(program), "sandbox", "status", "--state-dir", str(sandbox.state_dir)]
    called = subprocess.run(line, check=False, capture_output=True, text=True, timeout=60)
    assert (called.returncode, called.stderr) == (0, "")
    assert sandbox.host in called.stdout


@pytest.mark.usefixtures("crowded_folder")
def test_a_sandbox_is_found_from_any_folder(sandbox: Sandbox) -> None:
    assert sandbox_environment(sandbox.state_dir).host == sandbox.host
