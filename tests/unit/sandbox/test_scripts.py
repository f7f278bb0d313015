from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from sandbox.compute import TaskRequest
from sandbox.errors import SandboxError
from sandbox.script import fits, parse_script
from sandbox.scripted import ScriptedCompute


def request(tmp_path: Path, key: str = "load", timeout: float | None = None) -> TaskRequest:
    return TaskRequest(
        task_run_id=1,
        job_name="[dev me] ingest",
        task_key=key,
        kind="notebook",
        source=Path(),
        workspace_path="",
        workspace_root=tmp_path,
        timeout_seconds=timeout,
    )


def play(compute: ScriptedCompute, asked: TaskRequest) -> str:
    return compute.run_task(asked, threading.Event()).state


def test_brackets_in_patterns_are_plain_text() -> None:
    assert fits("[dev me] ingest", "[dev me] *")
    assert not fits("d", "[dev]")


def test_the_first_rule_that_fits_decides(tmp_path: Path) -> None:
    compute = ScriptedCompute(tmp_path / "script.yml")
    compute.set_script({"tasks": [{"task": "load", "state": "FAILED"}, {"task": "*", "state": "CANCELED"}]})
    assert [play(compute, request(tmp_path, key)) for key in ("load", "other")] == ["FAILED", "CANCELED"]


def test_a_rule_can_hold_for_the_first_attempts_only(tmp_path: Path) -> None:
    compute = ScriptedCompute(tmp_path / "script.yml")
    compute.set_script({"tasks": [{"occurrence": [1, 2], "state": "FAILED", "seconds": 0}]})
    assert [play(compute, request(tmp_path)) for _ in range(3)] == ["FAILED", "FAILED", "SUCCESS"]


def test_a_task_that_takes_longer_than_its_limit_times_out(tmp_path: Path) -> None:
    compute = ScriptedCompute(tmp_path / "script.yml")
    compute.set_script({"tasks": [{"seconds": 60}]})
    assert play(compute, request(tmp_path, timeout=0.01)) == "TIMEDOUT"


def test_the_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    script = tmp_path / "script.yml"
    script.write_text("tasks: [{state: FAILED}]", encoding="utf-8")
    compute = ScriptedCompute(script)
    compute.start()
    assert play(compute, request(tmp_path)) == "FAILED"
    script.write_text("tasks: [{state: SUCCESS}]", encoding="utf-8")
    os.utime(script, ns=(1, 1))
    assert play(compute, request(tmp_path)) == "SUCCESS"


def test_a_script_that_becomes_unreadable_leaves_the_last_good_one_in_force(tmp_path: Path) -> None:
    script = tmp_path / "script.yml"
    script.write_text("tasks: [{state: FAILED}]", encoding="utf-8")
    compute = ScriptedCompute(script)
    compute.start()
    script.write_text("tasks: [", encoding="utf-8")
    assert play(compute, request(tmp_path)) == "FAILED"
    assert "cannot be read as YAML" in compute.status()["script_error"]


def test_a_mistake_in_a_script_is_named_with_its_place() -> None:
    with pytest.raises(SandboxError, match=r"The document is no valid script: tasks\.0\.state"):
        parse_script({"tasks": [{"state": "GREAT"}]}, "The document")
