"""Bundles that are deployed to be destroyed, and what is left of them in the workspace."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from flows.destroy import destroy_bundle
from tests.flows.bundle_maker import Bundle, Job, make_bundle
from tests.flows.services import ScriptedWorkspace
from tests.flows.story import Story, newest
from workspace.cli import BundleCli

COUNTING = """
import os, subprocess, sys
from pathlib import Path
if sys.argv[1:3] == ["bundle", "destroy"]:
    with Path({calls!r}).open("a") as file:
        file.write("destroy\\n")
    if os.environ.get("KILL_DESTROYER"):
        os.kill(os.getppid(), 9)
        sys.exit("killed before anything was destroyed")
    if os.environ.get("FAIL_DESTROY"):
        sys.exit("Error: the workspace is busy")
once = Path({calls!r}).with_name("fail-once")
if sys.argv[1:3] == ["bundle", "summary"] and once.exists():
    once.unlink()
    sys.exit("Error: not this time")
sys.exit(subprocess.call([*{cli!r}, *sys.argv[1:]]))
"""


class Deployed:
    """A bundle of some jobs in the workspace, and the destroys that reached it."""

    def __init__(
        self,
        workspace: ScriptedWorkspace,
        folder: Path,
        name: str,
        jobs: tuple[str, ...],
        pipelines: tuple[str, ...] = (),
    ) -> None:
        self._workspace, self._calls = workspace, folder / "calls"
        self._program = folder / "counting_cli.py"
        self._program.write_text(COUNTING.format(calls=str(self._calls), cli=shlex.split(workspace.cli)))
        of_bundle = {f"{name}-{job}": Job("bronze") for job in jobs}
        self.bundle: Bundle = make_bundle(folder, name, of_bundle, pipelines=pipelines)
        self.deploy()

    @property
    def cli(self) -> str:
        """The CLI, which counts the destroys that it is asked for."""
        return f"{sys.executable} {self._program}"

    @property
    def destroys(self) -> int:
        """How often the CLI was asked to destroy."""
        return self._calls.read_text().count("destroy") if self._calls.exists() else 0

    @property
    def jobs(self) -> list[str]:
        """Names of the bundle's jobs that are in the workspace."""
        found = self._get("/api/2.2/jobs/list", limit=100).get("jobs", [])
        names = [str(job["settings"]["name"]) for job in found]
        return sorted(name.rpartition("-")[2] for name in names if f"{self.bundle.name}-" in name)

    def deploy(self) -> None:
        """Deploy the bundle as it is, past any operation."""
        cli = BundleCli(self._workspace.cli, self.bundle.folder, "dev")
        plan = self.bundle.folder.parent / f"{self.bundle.name}-plan.json"
        cli.plan(save_to=plan)
        assert cli.deploy(plan).ok

    def add_job(self, job: str) -> None:
        """Let somebody add a job to the bundle and deploy it."""
        file = self.bundle.folder / "databricks.yml"
        more = f"    {self.bundle.name}-{job}:\n      name: {self.bundle.name}-{job}\n"
        file.write_text(file.read_text().replace("  jobs:\n", f"  jobs:\n{more}", 1))
        self.deploy()

    def delete_job(self, job: str) -> None:
        """Let somebody delete one of the jobs in the workspace."""
        found = self._get("/api/2.2/jobs/list", limit=100)["jobs"]
        (identity,) = [one["job_id"] for one in found if one["settings"]["name"].endswith(f"{self.bundle.name}-{job}")]
        self._post("/api/2.2/jobs/delete", {"job_id": identity})

    def create_foreign_job(self, name: str, starts: str) -> None:
        """Let somebody else have a job that starts one of the bundle's."""
        found = self._get("/api/2.2/jobs/list", limit=100)["jobs"]
        (identity,) = [
            one["job_id"] for one in found if one["settings"]["name"].endswith(f"{self.bundle.name}-{starts}")
        ]
        task = {"task_key": "start", "run_job_task": {"job_id": identity}}
        self._post("/api/2.2/jobs/create", {"name": name, "tasks": [task]})

    def destroy(self, state: Path, **options: Any) -> Story:
        """Run the flow in this process to its end and return its story."""
        destroy_bundle(str(self.bundle.folder), "dev", return_state=True, **options)
        return Story(state, options["operation"]) if options.get("operation") else newest(state)

    def asked(self, state: Path) -> Story:
        """Run the flow until it has asked and ended, waiting."""
        story = self.destroy(state)
        assert (story.verdict, len(story.open_questions)) == ("waiting", 1)
        return story

    def _get(self, path: str, **query: Any) -> dict[str, Any]:
        answer = httpx.get(f"{self._workspace.host}{path}", params=query, headers=self._headers, timeout=30)
        return dict(answer.raise_for_status().json())

    def _post(self, path: str, body: Mapping[str, Any]) -> None:
        httpx.post(f"{self._workspace.host}{path}", json=body, headers=self._headers, timeout=30).raise_for_status()

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._workspace.token}"}
