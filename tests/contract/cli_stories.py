"""Plays the stories of tests/fixtures/cli-contract with a `databricks` program and returns what it did."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from databricks.sdk import WorkspaceClient

from sandbox.standin.cli import main

FIXTURES = Path(__file__).parents[1] / "fixtures"
CONTRACT = FIXTURES / "cli-contract"
STORIES = {story["story"]: story for story in yaml.safe_load((CONTRACT / "stories.yml").read_text(encoding="utf-8"))}
USER = "developer@sandbox.local"
CALL_SECONDS = 60
Result = dict[str, Any]
"""`exit`, `stdout` and `stderr` of a call."""
Program = Callable[[Sequence[str], Path, Mapping[str, str]], Result]


def stand_in(words: Sequence[str], folder: Path, env: Mapping[str, str]) -> Result:
    """Call the sandbox's stand-in in this process."""
    out, err = io.StringIO(), io.StringIO()
    code = main(list(words), env=env, cwd=folder, out=out, err=err)
    return {"exit": code, "stdout": out.getvalue(), "stderr": err.getvalue()}


def program_at(path: str) -> Program:
    """Return the program at a path."""

    def call(words: Sequence[str], folder: Path, env: Mapping[str, str]) -> Result:
        done = subprocess.run(
            [path, *words],
            check=False,
            cwd=folder,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=CALL_SECONDS,
        )
        return {"exit": done.returncode, "stdout": done.stdout, "stderr": done.stderr}

    return call


@dataclass
class Player:
    """Plays one story in a folder of its own."""

    program: Program
    executable: str
    """The program's file, for calls that are killed."""
    client: WorkspaceClient
    place: Path
    folder: Path = field(init=False)
    results: list[Result] = field(default_factory=list)

    @property
    def _host(self) -> str:
        return (self.client.config.host or "").rstrip("/")

    def play(self, name: str) -> list[Result]:
        """Play a story and return what each call did, in texts that are the same every time."""
        self._do_faults("none")
        self._do_play({})
        self.name = re.sub(r"\W+", "_", name).lower()
        self.folder = self.place / "bundle"
        story = STORIES[name]
        if isinstance(story["bundle"], str):
            shutil.copytree(FIXTURES / "cli-transcripts" / "bundles" / story["bundle"], self.folder)
        else:
            self._do_write(story["bundle"])
        for step in story["steps"]:
            self._step(step)
        return [self._normalised(result) for result in self.results]

    def _step(self, step: Any) -> None:
        if isinstance(step, list):
            self._call(step, {})
        elif "call" in step:
            self._call(step["call"], step.get("env") or {})
            self.results[-1] |= {"compare": step["compare"]} if "compare" in step else {}
        else:
            for action, facts in step.items():
                getattr(self, f"_do_{action}")(facts)

    def _env(self, extra: Mapping[str, str]) -> dict[str, str]:
        variables = {
            "HOME": str(self.place),
            "PATH": os.environ["PATH"],
            "DATABRICKS_HOST": self._host,
            "DATABRICKS_TOKEN": self.client.config.token or "",
            "DATABRICKS_BUNDLE_RETRY_INTERVAL_MS": "50",
            "DATABRICKS_CLI_DISABLE_TELEMETRY": "1",
        }
        return {name: value for name, value in (variables | dict(extra)).items() if value}

    def _call(self, words: list[str], extra: Mapping[str, str]) -> None:
        self.results.append(self.program(["bundle", *map(str, words)], self.folder, self._env(extra)))

    def _do_kill(self, facts: Mapping[str, Any]) -> None:
        """Send a signal when stderr has the text, and a certain request is held up at the gate."""
        errors = self.place / "killed.txt"
        with errors.open("w+", encoding="utf-8") as err:
            process = subprocess.Popen(
                [self.executable, "bundle", *facts["call"]],
                cwd=self.folder,
                env=self._env({}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=err,
                text=True,
            )
            self._await(lambda: facts["when"] in errors.read_text(encoding="utf-8"), errors)
            if facts.get("held"):
                self._await(lambda: any(fault["hits"] for fault in self._faults()), errors)
                time.sleep(0.5)  # what was sent at the same time and is not held up is answered meanwhile
            process.send_signal(signal.Signals[facts["signal"]])
            out, _ = process.communicate(timeout=CALL_SECONDS)
        text = errors.read_text(encoding="utf-8")
        self.results.append({"exit": process.returncode, "stdout": out, "stderr": text})

    @staticmethod
    def _await(happened: Callable[[], bool], errors: Path) -> None:
        deadline = time.monotonic() + CALL_SECONDS
        while not happened():
            assert time.monotonic() < deadline, f"it did not happen in time; stderr was {errors.read_text()}"
            time.sleep(0.02)

    def _do_play(self, script: Mapping[str, Any]) -> None:
        self.client.api_client.do("POST", "/sandbox/script", body=dict(script))

    def _do_write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("NAME", self.name), encoding="utf-8")

    def _do_edit(self, facts: list[str]) -> None:
        name, old, new = (text.replace("NAME", self.name) for text in facts)
        text = (self.folder / name).read_text(encoding="utf-8")
        assert old in text, f"{name} has no {old!r}"
        (self.folder / name).write_text(text.replace(old, new), encoding="utf-8")

    def _do_save(self, name: str) -> None:
        (self.folder / name).write_text(self.results[-1]["stdout"], encoding="utf-8")

    def _do_copy(self, name: str) -> None:
        second = self.place / name
        shutil.copytree(self.folder, second, ignore=shutil.ignore_patterns(".databricks"))
        self.folder = second

    def _do_back(self, _facts: object) -> None:
        self.folder = self.place / "bundle"

    def _do_fault(self, facts: Mapping[str, Any]) -> None:
        self.client.api_client.do("POST", "/sandbox/faults", body=dict(facts))

    def _do_faults(self, _none: str) -> None:
        self.client.api_client.do("DELETE", "/sandbox/faults")

    def _faults(self) -> list[dict[str, Any]]:
        answer = self.client.api_client.do("GET", "/sandbox/faults")
        return list(answer["faults"]) if isinstance(answer, dict) else []

    def _do_lock(self, facts: Mapping[str, Any]) -> None:
        lock = {"ID": "6a9f0c1e-0000-4000-8000-000000000000", "AcquisitionTime": facts["time"], "User": facts["user"]}
        lock["IsForced"] = facts.get("forced", False)
        self.client.workspace.mkdirs(self._state(facts["target"]))
        path = f"{self._state(facts['target'])}/deploy.lock"
        self.client.api_client.do(
            "POST",
            f"/api/2.0/workspace-files/import-file{path}",
            query={"overwrite": "true"},
            data=json.dumps(lock).encode(),
            headers={"Content-Type": "application/octet-stream"},
        )

    def _state(self, target: str) -> str:
        return f"/Workspace/Users/{USER}/.bundle/{self.name}/{target}/state"

    def _do_forget(self, target: str) -> None:
        self.client.workspace.delete(f"{self._state(target)}/resources.json")

    def _ids(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for state in self.folder.glob(".databricks/bundle/*/resources.json"):
            entries = json.loads(state.read_text(encoding="utf-8"))["state"]
            found |= {key.removeprefix("resources."): entry["__id__"] for key, entry in entries.items()}
        return found

    def _do_drift(self, facts: Mapping[str, Any]) -> None:
        for key, settings in facts.items():
            body = {"job_id": int(self._ids()[key]), "new_settings": settings}
            self.client.api_client.do("POST", "/api/2.2/jobs/update", body=body)

    def _do_vanish(self, key: str) -> None:
        self.client.jobs.delete(int(self._ids()[key]))

    def _do_start(self, key: str) -> None:
        if key.startswith("jobs."):
            self.client.jobs.run_now(int(self._ids()[key]))
            return
        self.client.pipelines.start_update(self._ids()[key])

    def _do_running(self, key: str) -> None:
        """Note how many runs of a job go on, as the result of a call."""
        runs = list(self.client.jobs.list_runs(job_id=int(self._ids()[key]), active_only=True))
        self.results.append({"exit": 0, "stdout": f"{len(runs)} active\n", "stderr": ""})
        self.client.jobs.cancel_all_runs(job_id=int(self._ids()[key]))

    def _normalised(self, result: Result) -> Result:
        compared = result.pop("compare", ["exit", "stdout", "stderr"])
        return {name: self._plain(result[name]) if name != "exit" else result[name] for name in compared}

    def _plain(self, text: str) -> str:
        for found, name in ((self._host, "HOST"), (str(self.place), "DIR")):
            text = text.replace(found, name)
        for pattern, name in _VARYING:
            text = re.sub(pattern, name, text)
        return text


_VARYING = (
    (r"\n(?:Job )?Flags:\n[\s\S]*", "\nFLAGS"),
    (r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "UUID"),
    (r"\bUpdate [0-9a-f]{6} is\b", "Update UPDATE is"),
    (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME"),
    (r"(?<!at )\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\b", "TIME"),
    (r"\b\d{11,20}\b", "ID"),
    (r"\b1\.14\.0-\w+", "VERSION"),
    (r'(?m)^TIME ".*" (?:RUNNING|PENDING)\n', ""),
    (r"(?m)^TIME update_progress INFO .*\n", ""),
    (r"(?<=acquired by developer@sandbox.local at ).* UTC", "TIME"),
    (r"(?<=Available targets: ).*", "TARGETS"),
    (r'"etag": ".*?"', '"etag": "ETAG"'),
)
