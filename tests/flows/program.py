"""The command line as a person uses it: a process of its own, which may be killed, interrupted, or die by itself."""

from __future__ import annotations

import copy
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from operations.store import StateStore
from tests.flows.services import ScriptedWorkspace, environment_of, eventually
from tests.flows.story import Story

T = TypeVar("T")
BUNDLEOPS = ("bundleops",)


@dataclass(frozen=True)
class End:
    """How a process ended and what it printed; a signal that ended it is negative."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> dict[str, Any]:
        """The JSON document that is all of stdout, in one line."""
        assert self.stdout.count("\n") == 1, self
        return dict(json.loads(self.stdout))


class Process:
    """A running process in a group of its own. Its output goes to files, so that it never waits for its reader."""

    def __init__(self, command: list[str], environment: Mapping[str, str], folder: Path, state: Path) -> None:
        self._state, self._known = state, _operations(state)
        printed = Path(tempfile.mkdtemp(prefix="printed-", dir=folder))
        self._out, self._err = printed / "stdout", printed / "stderr"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self._process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True
            )

    def until(self, probe: Callable[[], T | None]) -> T:
        """Return what the probe finds while the process runs; an end before that fails with what it printed."""

        def look() -> T | None:
            ended = self._process.poll() is not None
            found = probe()
            assert found or not ended, f"it ended too early: {self.end()}"
            return found

        try:
            return eventually(look, seconds=90)
        except BaseException:
            self._end_group()
            raise

    def reached(self, probe: Callable[[Story], object]) -> Story:
        """Return the operation that this process began, as soon as it has come that far."""

        def look() -> Story | None:
            begun = sorted(_operations(self._state) - self._known)
            story = Story(self._state, begun[-1]) if begun else None
            return story if story and probe(story) else None

        return self.until(look)

    def signal(self, number: signal.Signals) -> End:
        """Send a signal to the process alone, and return its end."""
        os.kill(self._process.pid, number)
        return self.end()

    def kill_group(self) -> End:
        """Kill the process and whatever it started in its group."""
        os.killpg(self._process.pid, signal.SIGKILL)
        return self.end()

    def end(self, seconds: float = 90) -> End:
        """Wait for the end."""
        try:
            exit_code = self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self._end_group()
            raise
        return End(exit_code, self._out.read_text(encoding="utf-8"), self._err.read_text(encoding="utf-8"))

    def _end_group(self) -> None:
        """Leave nothing running behind a test that fails."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


class Program:
    """Calls bundleops with an environment that holds nothing but what a person would set.

    Args:
        workspace: the scripted workspace.
        api: address of Prefect's API.
        folder: a fresh folder, used as home.
    """

    def __init__(self, workspace: ScriptedWorkspace, api: str, folder: Path) -> None:
        self.folder, self.state = folder, folder / "state"
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PREFECT_HOME": os.environ["PREFECT_HOME"],
            **environment_of(workspace, api, self.state),
        }

    @property
    def waiting_environment(self) -> dict[str, str]:
        """The environment of a command that waits for a person's answer."""
        return self._environment | {"BUNDLEOPS_ANSWER_WAIT_SECONDS": "300"}

    def using(self, **variables: str) -> Program:
        """Return the same program with some variables changed."""
        made = copy.copy(self)
        made._environment = self._environment | variables  # noqa: SLF001 - of this very class
        return made

    def on(self, state: Path) -> Program:
        """Return the same program on a state directory that is there already."""
        made = copy.copy(self)
        made.state = state
        return made

    def run(self, *arguments: str, **variables: str) -> End:
        """Call a command and wait for its end."""
        return self.start(*arguments, module=BUNDLEOPS, **variables).end()

    def start(self, *arguments: str, module: tuple[str, ...] = BUNDLEOPS, **variables: str) -> Process:
        """Start a command; `module` may be another one, with arguments of its own, that calls bundleops."""
        command = [sys.executable, "-m", *module, *arguments]
        environment = self._environment | {"BUNDLEOPS_STATE_DIR": str(self.state)} | variables
        return Process(command, environment, self.folder, self.state)

    def dying(self, when: str, event: str, resource: str, *arguments: str) -> End:
        """Call a command that dies, as by `kill -9`, right before or after it journals this event."""
        return self.start(*arguments, module=("tests.flows.dying", when, event, resource)).end()

    def story(self, operation: str | None = None) -> Story:
        """Return what an operation left, without an id the newest one."""
        return Story(self.state, operation or StateStore(self.state).list()[0].id)


def _operations(state: Path) -> set[str]:
    """Return the ids of the operations whose journal has begun."""
    return {journal.parent.name for journal in state.glob("operations/*/journal.jsonl")}
