"""What operations need around them: a scripted sandbox and a Prefect server, driven from outside."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

T = TypeVar("T")


def eventually(probe: Callable[[], T | None], seconds: float = 60) -> T:
    """Return what the probe finds, as soon as it finds something."""
    deadline = time.monotonic() + seconds
    while not (found := probe()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
    return found


class ScriptedWorkspace:
    """A scripted sandbox: its command line starts it, its REST API tells what was started in it."""

    def __init__(self, state_dir: Path) -> None:
        self._state = str(state_dir)
        self._command("start", "--compute", "scripted", "--port", "0")
        found = json.loads(self._command("env", "--output", "json"))
        self.host, self.token, self.cli = found["DATABRICKS_HOST"], found["DATABRICKS_TOKEN"], found["cli"]
        self._http = httpx.Client(base_url=self.host, headers={"Authorization": f"Bearer {self.token}"}, timeout=30)

    def play(self, **rules: list[dict[str, Any]]) -> None:
        """Say how tasks and updates end from now on; whatever no rule fits succeeds."""
        self._http.post("/sandbox/script", json=rules).raise_for_status()

    def fail(self, job: str, error: str, *occurrences: int, **more: Any) -> None:
        """Let runs of one job fail: all of them, or the n-th ones."""
        rule = {"job": f"*{job}", "state": "FAILED", "error": error, **more}
        self.play(tasks=[rule | ({"occurrence": list(occurrences)} if occurrences else {})])

    def runs(self, job: str) -> list[dict[str, Any]]:
        """All runs of the jobs whose name ends like this."""
        found = self._http.get("/api/2.2/jobs/runs/list", params={"limit": 25, "expand_tasks": False}).json()
        return [run for run in found.get("runs", []) if run["run_name"].endswith(job)]

    def runs_of_job(self, job_id: str) -> list[dict[str, Any]]:
        """All runs of one job."""
        query: dict[str, str | int | bool] = {"job_id": job_id, "limit": 25, "expand_tasks": False}
        return list(self._http.get("/api/2.2/jobs/runs/list", params=query).json().get("runs", []))

    def updates(self, pipeline: str) -> list[dict[str, Any]]:
        """All updates of the pipelines whose name ends like this."""
        known = self._http.get("/api/2.0/pipelines", params={"max_results": 100}).json().get("statuses", [])
        ids = [one["pipeline_id"] for one in known if one["name"].endswith(pipeline)]
        return [one for i in ids for one in self._http.get(f"/api/2.0/pipelines/{i}/updates").json()["updates"]]

    def start_job(self, name: str, *tasks: str) -> str:
        """Create a job of notebooks and start it, as somebody else would; return the run's id."""
        job_id = int(self.make_job(name, *tasks))
        return str(self._post("/api/2.2/jobs/run-now", {"job_id": job_id})["run_id"])

    def make_job(self, name: str, *tasks: str) -> str:
        """Create a job of notebooks that may run many times at once; return its id."""
        notebooks = [{"task_key": key, "notebook_task": {"notebook_path": f"/Workspace/Shared/{key}"}} for key in tasks]
        made = {"name": name, "tasks": notebooks, "max_concurrent_runs": 1000}
        return str(self._post("/api/2.2/jobs/create", made)["job_id"])

    def make_pipeline(self, name: str) -> str:
        """Create a pipeline, as somebody else would; return its id."""
        libraries = [{"file": {"path": "/Workspace/Shared/a.sql"}}]
        made = {"name": name, "catalog": "main", "schema": "silver", "serverless": True, "libraries": libraries}
        return str(self._post("/api/2.0/pipelines", made)["pipeline_id"])

    def start_update(self, pipeline: str) -> None:
        self._post(f"/api/2.0/pipelines/{pipeline}/updates", {})

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return dict(self._http.post(path, json=body).raise_for_status().json())

    def put_file(self, path: str, content: bytes) -> None:
        """Write a workspace file, as another program that works in the workspace would."""
        folder = {"path": path.rpartition("/")[0]}
        self._http.post("/api/2.0/workspace/mkdirs", json=folder).raise_for_status()
        address = f"/api/2.0/workspace-files/import-file/{quote(path.lstrip('/'), safe='')}"
        self._http.post(address, params={"overwrite": True}, content=content).raise_for_status()

    def file(self, path: str) -> str | None:
        """The text of a workspace file, None when there is none."""
        answer = self._http.get("/api/2.0/workspace/export", params={"path": path, "direct_download": True})
        return None if answer.status_code == httpx.codes.NOT_FOUND else answer.raise_for_status().text

    def stop(self) -> None:
        self._http.close()
        self._command("stop")

    def _command(self, *arguments: str) -> str:
        line = [sys.executable, "-m", "sandbox", *arguments, "--state-dir", self._state]
        return subprocess.run(line, check=True, capture_output=True, text=True, timeout=120).stdout


def free_port() -> int:
    """Return a port on loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def prefect_server(home: Path, port: int | None = None) -> Iterator[str]:
    """Start a Prefect server of our own and yield its API's address; on the same home and port it is the same one."""
    port = port or free_port()
    log = (home / "server.log").open("ab")
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    environment = os.environ | {"PREFECT_HOME": str(home), "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    server = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        api = f"http://127.0.0.1:{port}/api"
        eventually(lambda: _answers(f"{api}/health", server), seconds=180)
        yield api
    finally:
        server.terminate()
        server.wait(timeout=60)
        log.close()


def _answers(address: str, server: subprocess.Popen[bytes]) -> bool:
    assert server.poll() is None, "the Prefect server ended at once; its log is beside its home"
    try:
        return httpx.get(address, timeout=5).is_success
    except httpx.TransportError:
        return False


def environment_of(workspace: ScriptedWorkspace, api: str, state: Path) -> Mapping[str, str]:
    """The variables of an operation that works with these services."""
    return {
        "DATABRICKS_HOST": workspace.host,
        "DATABRICKS_TOKEN": workspace.token,
        "PREFECT_API_URL": api,
        "PREFECT_LOGGING_TO_API_ENABLED": "false",
        "BUNDLEOPS_CLI": workspace.cli,
        "BUNDLEOPS_STATE_DIR": str(state),
        "BUNDLEOPS_POLL_SECONDS_FIRST": "0.05",
        "BUNDLEOPS_POLL_SECONDS_MAX": "0.2",
        "BUNDLEOPS_ANSWER_WAIT_SECONDS": "0",
        # A scripted workspace runs nothing, so that no table ever comes to be.
        "BUNDLEOPS_VERIFY_TABLES": "false",
    }


def paused_run(api: str, bundle: Path, target: str = "dev", verb: str = "operate") -> str | None:
    """Return the id of the flow run on this bundle that waits for a person, if there is one."""
    name = f"{verb} {bundle.name} on {target}"
    body = {"flow_runs": {"name": {"any_": [name]}, "state": {"type": {"any_": ["PAUSED"]}}}}
    try:
        found = httpx.post(f"{api}/flow_runs/filter", json=body, timeout=30).json()
    except httpx.TimeoutException:  # a busy server; it is asked again
        return None
    return str(found[0]["id"]) if found else None


def fill_in(api: str, run: str, values: Mapping[str, str]) -> dict[str, Any]:
    """Submit the form of a waiting flow run as Prefect's UI does, and return what Prefect says of it."""

    def submit() -> dict[str, Any] | None:
        answer = httpx.post(f"{api}/flow_runs/{run}/resume", json={"run_input": dict(values)}, timeout=60)
        # Its database is busy: nothing happened, and a person presses the button again.
        return None if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE else dict(answer.json())

    return eventually(submit)
