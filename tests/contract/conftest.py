from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.service.jobs import NotebookTask, Run, RunTask, Task, TaskDependency

T = TypeVar("T")
TERMINAL = {"TERMINATED", "SKIPPED", "INTERNAL_ERROR"}


class Sandbox:
    """A scripted sandbox that is driven over HTTP and the command line only."""

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir
        self.command("start", "--compute", "scripted")
        self.connect()

    def connect(self) -> None:
        env = json.loads(self.command("env").stdout)
        self.host, self.token = env["DATABRICKS_HOST"], env["DATABRICKS_TOKEN"]
        self.client = WorkspaceClient(host=self.host, token=self.token)

    def client_of(self, user: str) -> WorkspaceClient:
        """A client with the token of another user."""
        env = json.loads(self.command("env", "--user", user).stdout)
        return WorkspaceClient(host=env["DATABRICKS_HOST"], token=env["DATABRICKS_TOKEN"])

    def command(self, name: str, *options: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "sandbox", name, "--state-dir", str(self.state_dir), *options]
        return subprocess.run(line, check=check, capture_output=True, text=True, timeout=60)

    def fault(self, action: str, *options: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """`python -m sandbox fault ACTION`, which has its own place for the options of all commands."""
        line = [sys.executable, "-m", "sandbox", "fault", action, "--state-dir", str(self.state_dir), *options]
        return subprocess.run(line, check=check, capture_output=True, text=True, timeout=60)

    def play(self, **rules: list[dict[str, Any]]) -> None:
        self.client.api_client.do("POST", "/sandbox/script", body=rules)

    def make_job(self, *keys: str, **settings: Any) -> int:
        """A job of notebook tasks, each after the one before it."""
        tasks = [
            Task(
                task_key=key,
                notebook_task=NotebookTask(notebook_path=f"/Workspace/Shared/{key}"),
                depends_on=[TaskDependency(task_key=before)] if before else None,
            )
            for before, key in zip([None, *keys], keys, strict=False)
        ]
        job = self.client.jobs.create(tasks=tasks, **{"name": f"job {time.time_ns()}"} | settings)
        assert job.job_id is not None
        return job.job_id

    def job_of(self, *tasks: Task, **settings: Any) -> int:
        """A job of these tasks."""
        return self.client.jobs.create(tasks=list(tasks), **{"name": f"job {time.time_ns()}"} | settings).job_id or 0

    def run_of(self, *tasks: Task, **settings: Any) -> Run:
        """A finished run of these tasks."""
        return self.run(self.job_of(*tasks, **settings))

    def run(self, job_id: int, **options: Any) -> Run:
        return self.finished(self.start(job_id, **options))

    def start(self, job_id: int, **options: Any) -> int:
        waiter: Any = self.client.jobs.run_now(job_id, **options)
        return int(waiter.run_id)

    @staticmethod
    def results(run: Run) -> dict[str, str | None]:
        """Result state by task key."""
        return {
            task.task_key or "": task.state.result_state.value if task.state and task.state.result_state else None
            for task in run.tasks or ()
        }

    @staticmethod
    def task_run(run: Run, key: str) -> RunTask:
        return next(task for task in run.tasks or () if task.task_key == key)

    def finished(self, run_id: int) -> Run:
        def ended() -> Run | None:
            run = self.client.jobs.get_run(run_id)
            assert run.state is not None
            assert run.state.life_cycle_state is not None
            return run if run.state.life_cycle_state.value in TERMINAL else None

        return self.eventually(ended)

    @staticmethod
    def eventually(probe: Callable[[], T | None], seconds: float = 20) -> T:
        deadline = time.monotonic() + seconds
        while (found := probe()) is None:
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(0.02)
        return found


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    started = Sandbox(tmp_path_factory.mktemp("sandbox") / "state")
    yield started
    started.command("stop")


@pytest.fixture(autouse=True)
def _empty_script(sandbox: Sandbox) -> None:
    sandbox.play()
