from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from operations.events import Event
from tests.flows.bundle_maker import Bundle, Job, make_bundle
from tests.flows.services import ScriptedWorkspace, eventually
from tests.flows.story import Story, newest

SLOW_SECONDS = 6.0


def process(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "bundleops", "operate", *arguments], stdout=subprocess.DEVNULL)


def begun(state: Path, reached: Callable[[Story], bool]) -> Story:
    """The operation of a process, as soon as it has come that far."""

    def look() -> Story | None:
        if not any((state / "operations").glob("*/journal.jsonl")):
            return None
        story = newest(state)
        return story if reached(story) else None

    return eventually(look, seconds=120)


@pytest.fixture
def slow_bundle(tmp_path: Path, workspace: ScriptedWorkspace) -> Bundle:
    name = tmp_path.name.replace("_", "-")
    workspace.play(tasks=[{"job": "*load", "seconds": SLOW_SECONDS}], updates=[{"seconds": SLOW_SECONDS}])
    return make_bundle(tmp_path, name, {"load": Job("bronze")}, pipelines=("silver_clean",))


@pytest.mark.parametrize("resource", ["jobs.load", "pipelines.silver_clean"])
def test_a_killed_operation_goes_on_and_starts_no_run_twice(
    state: Path, slow_bundle: Bundle, workspace: ScriptedWorkspace, resource: str
) -> None:
    first = process(str(slow_bundle.folder))
    story = begun(state, lambda story: resource in story.started)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert process("--resume", story.id).wait(timeout=180) == 0
    starts = Counter(event.data["handle"]["run_id"] for event in story.events if event.event == Event.RUN_STARTED)
    assert set(starts.values()) == {1}
    assert len(workspace.updates("silver_clean")) == 1
    assert story.verdict == "verified"


def test_a_process_killed_right_after_the_intent_finds_its_run_by_the_token(state: Path, slow_bundle: Bundle) -> None:
    first = process(str(slow_bundle.folder))
    story = begun(state, lambda story: "jobs.load" in story.started)
    first.send_signal(signal.SIGKILL)
    first.wait()
    journal = story.folder.path / "journal.jsonl"
    lines = journal.read_text(encoding="utf-8").splitlines(keepends=True)
    intent = next(number for number, line in enumerate(lines) if '"event":"run_intended"' in line)
    journal.write_text("".join(lines[: intent + 1]), encoding="utf-8")
    assert process("--resume", story.id).wait(timeout=180) == 0
    assert story.started.count("jobs.load") == 1
    assert next(data["adopted"] for data in story.all(Event.RUN_STARTED)) is True


def test_a_second_process_on_the_same_operation_is_refused(state: Path, slow_bundle: Bundle) -> None:
    first = process(str(slow_bundle.folder))
    try:
        story = begun(state, lambda story: "jobs.load" in story.started)
        second = subprocess.run(
            [sys.executable, "-m", "bundleops", "operate", "--resume", story.id],
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert second.returncode != 0
        assert "is being worked on by process" in second.stderr
    finally:
        assert first.wait(timeout=180) == 0


def test_a_second_operation_on_the_same_target_names_the_first(
    state: Path, slow_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = process(str(slow_bundle.folder))
    try:
        story = begun(state, lambda story: "jobs.load" in story.started)
        monkeypatch.setenv("BUNDLEOPS_LOCK_WAIT_SECONDS", "0")
        second = subprocess.run(
            [sys.executable, "-m", "bundleops", "operate", str(slow_bundle.folder)],
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert second.returncode == 1
        assert story.id in second.stderr
    finally:
        assert first.wait(timeout=180) == 0


def test_an_interrupt_says_how_to_go_on(state: Path, slow_bundle: Bundle) -> None:
    command = [sys.executable, "-m", "bundleops", "operate", str(slow_bundle.folder)]
    first = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    story = begun(state, lambda story: "jobs.load" in story.started)
    time.sleep(1)
    os.kill(first.pid, signal.SIGINT)
    output, _ = first.communicate(timeout=120)
    assert first.returncode == 130
    assert f"bundleops operate --resume {story.id}" in output
