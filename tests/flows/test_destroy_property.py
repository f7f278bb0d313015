"""Whatever crashes, retries and answers follow one another: no destroy without an approval of exactly it."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from flows.destroy import destroy_bundle
from operations.events import Event, JournalEvent
from operations.store import StateStore
from tasks.toolbox import journal_of
from tests.flows.bundle_maker import NOTEBOOK
from tests.flows.services import ScriptedWorkspace
from tests.flows.story import Story

CLI = """#!/bin/sh
cd {folder}
case "$*" in
  --version*) echo "Databricks CLI v1.14.0" ;;
  "bundle validate"*) cat validate.json ;;
  "bundle plan"*) echo '{{"plan_version": 2, "plan": {{}}}}' ;;
  "bundle summary"*) cat summary.json ;;
  "bundle destroy"*) exec {python} -I -S {folder}/destroy.py ;;
esac
"""
DESTROY = """
import http.client, json, sys
from urllib.parse import urlsplit
summary, mode = json.load(open("summary.json")), open("mode").read()
connection = http.client.HTTPConnection(urlsplit({host!r}).netloc)
headers = {{"Authorization": "Bearer {token}", "Content-Type": "application/json"}}
def call(method, path, body=None):
    connection.request(method, path, json.dumps(body) if body else None, headers)
    answer = connection.getresponse()
    return answer.status, answer.read()
ids = [job["id"] for job in summary["resources"]["jobs"].values()]
there = sorted(one for one in ids if call("GET", "/api/2.2/jobs/get?job_id=" + one)[0] == 200)
with open("calls", "a") as file:
    file.write(json.dumps(there) + "\\n")
for one in {{"whole": there, "half": there[:1], "nothing": []}}[mode]:
    call("POST", "/api/2.2/jobs/delete", {{"job_id": int(one)}})
if mode != "whole":
    sys.exit("Error: it broke")
"""

Mode = Literal["whole", "half", "nothing"]


class Killed(BaseException):
    """The process is gone; nothing of ours handles it."""


class FakeTarget:
    """A bundle with real jobs in the scripted workspace, and a light program instead of the CLI."""

    def __init__(self, workspace: ScriptedWorkspace, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._workspace, self._folder, self._number = workspace, folder, 0
        self.bundle = folder / "bundle"
        (self.bundle / "src").mkdir(parents=True)
        (self.bundle / "src" / "a.py").write_text(NOTEBOOK)
        (self.bundle / "databricks.yml").write_text(f"bundle:\n  name: {folder.name}\ntargets:\n  dev: {{}}\n")
        (folder / "destroy.py").write_text(DESTROY.format(host=workspace.host, token=workspace.token))
        self.cli = folder / "databricks"
        self.cli.write_text(CLI.format(folder=folder, python=sys.executable))
        self.cli.chmod(0o700)
        self.jobs: dict[str, Any] = {}
        self.set_mode("whole")
        self.add_job()
        self.add_job()

    def add_job(self) -> None:
        """Let somebody deploy one more job."""
        self._number += 1
        body = {"name": f"{self._folder.name}-{self._number}", "tasks": []}
        headers = {"Authorization": f"Bearer {self._workspace.token}"}
        created = httpx.post(f"{self._workspace.host}/api/2.2/jobs/create", json=body, headers=headers, timeout=30)
        self.jobs[f"job{self._number}"] = {"id": str(created.json()["job_id"]), "name": body["name"]}
        document = {
            "bundle": {"name": self._folder.name, "target": "dev", "mode": "development"},
            "workspace": {"root_path": f"/Workspace/Users/fake/{self._folder.name}"},
            "resources": {"jobs": {key: {"name": job["name"]} for key, job in self.jobs.items()}},
        }
        (self._folder / "validate.json").write_text(json.dumps(document))
        (self._folder / "summary.json").write_text(json.dumps({"resources": {"jobs": self.jobs}}))

    def set_mode(self, mode: Mode) -> None:
        """Say how far the next destroys come."""
        (self._folder / "mode").write_text(mode)

    @property
    def calls(self) -> list[tuple[str, ...]]:
        """Ids of the jobs that were there, for each destroy that reached the program."""
        file = self._folder / "calls"
        return [tuple(json.loads(line)) for line in file.read_text().splitlines()] if file.exists() else []


@contextmanager
def dying_at(story: Story | None, event: str | None) -> Iterator[None]:
    """Let the process die as soon as this event is journalled."""

    def die(line: JournalEvent) -> None:
        if line.event == event:
            raise Killed

    stop = journal_of(story.folder.request()).subscribe(die) if story else lambda: None
    try:
        yield
    except Killed:
        pass
    finally:
        stop()


def run(target: FakeTarget, state: Path, story: Story | None, dies_at: str | None) -> Story:
    """Start or resume the operation, which may die on the way."""
    with dying_at(story, dies_at):
        destroy_bundle(str(target.bundle), "dev", operation=story.id if story else None, return_state=True)
    return story or Story(state, StateStore(state).list()[0].id)


def approvals(story: Story) -> Counter[tuple[str, ...]]:
    """For each approval that a person gave: the ids of exactly the jobs that it allows to destroy."""
    listed = {
        data["digest"]: tuple(sorted(one["id"] for one in data["losses"]["resources"]))
        for data in story.all(Event.LOSSES_LISTED)
    }
    asked = story.store.list(story.id, only_open=False)
    said = [(one, story.store.answer_to(one.id)) for one in asked]
    return Counter(listed[one.digest] for one, answer in said if answer and answer.option == "approve")


RUN = st.tuples(
    st.just("run"),
    st.sampled_from(
        [None, None, "losses_listed", "question_asked", "question_answered", "destroy_started", "destroy_ended"]
    ),
)
STEP = st.one_of(
    RUN,
    RUN,
    st.tuples(st.just("answer"), st.sampled_from(["approve", "approve", "reject"])),
    st.tuples(st.just("mode"), st.sampled_from(["whole", "half", "nothing"])),
    st.tuples(st.just("add"), st.none()),
)


APPROVE = ("answer", "approve")
TOLD = {
    "answered while nothing works": [
        ("mode", "nothing"),
        APPROVE,
        ("run", None),
        ("run", None),
        APPROVE,
        ("run", "destroy_ended"),
        ("run", None),
    ],
    "half destroyed, then killed": [
        ("mode", "half"),
        APPROVE,
        ("run", "destroy_ended"),
        ("run", None),
        ("mode", "whole"),
        APPROVE,
        ("run", None),
    ],
    "killed with the answer in hand": [
        APPROVE,
        ("run", "question_answered"),
        ("run", "destroy_started"),
        ("run", None),
        ("run", None),
    ],
    "a job comes after every approval": [
        APPROVE,
        ("add", None),
        ("run", None),
        APPROVE,
        ("add", None),
        ("run", None),
        APPROVE,
        ("run", None),
    ],
}
Live = Callable[[list[tuple[str, Any]]], None]


@pytest.fixture
def live(
    tmp_path_factory: pytest.TempPathFactory,
    workspace: ScriptedWorkspace,
    state: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Live:
    """What lives through the steps, on a target of its own, and counts after each."""
    del state

    def through(steps: list[tuple[str, Any]]) -> None:
        folder = tmp_path_factory.mktemp("property")
        target = FakeTarget(workspace, folder / folder.name)
        monkeypatch.setenv("BUNDLEOPS_CLI", str(target.cli))
        monkeypatch.setenv("BUNDLEOPS_STATE_DIR", str(folder / "state"))
        story = run(target, folder / "state", None, None)
        for step, argument in steps:
            if step == "run":
                run(target, folder / "state", story, argument)
            elif step == "answer" and story.open_questions:
                story.answer(argument)
            elif step == "mode":
                target.set_mode(argument)
            elif step == "add":
                target.add_job()
            assert not Counter(target.calls) - approvals(story), steps

    return through


@pytest.mark.parametrize("told", list(TOLD))
def test_destroys_never_exceed_the_approvals_in_the_worst_stories(live: Live, told: str) -> None:
    live(TOLD[told])


@pytest.mark.timeout(1200)
@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEP, min_size=4, max_size=9))
def test_destroys_never_exceed_the_approvals_of_exactly_them(live: Live, steps: list[tuple[str, Any]]) -> None:
    live(steps)
