"""A question outlives whatever waits for its answer: the process that serves, and Prefect's own server."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from operations.events import Event
from tests.flows.destroying import Deployed
from tests.flows.program import Program
from tests.flows.services import ScriptedWorkspace, environment_of, eventually, free_port, paused_run, prefect_server
from tests.flows.serving import prefect, serving
from tests.flows.story import newest


def is_suspended(api: str, name: str) -> bool:
    """Tell whether the flow run of this name is suspended."""
    body = {"flow_runs": {"name": {"any_": [name]}, "state": {"name": {"any_": ["Suspended"]}}}}
    return bool(httpx.post(f"{api}/flow_runs/filter", json=body, timeout=30).json())


def test_a_suspended_destroy_goes_on_after_its_runner_was_killed_and_the_server_restarted(
    tmp_path: Path, state: Path, workspace: ScriptedWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed, port = Deployed(workspace, tmp_path, "survivor", ("load", "merge")), free_port()
    api, home = f"http://127.0.0.1:{port}/api", tmp_path / "prefect"
    home.mkdir()
    monkeypatch.setenv("PREFECT_API_URL", api)
    environment = dict(environment_of(workspace, api, state)) | {
        "BUNDLEOPS_CLI": deployed.cli,
        "BUNDLEOPS_SUSPEND_AFTER_SECONDS": "0",
        "BUNDLEOPS_ANSWER_WAIT_SECONDS": "600",
    }
    with prefect_server(home, port), serving(tmp_path, environment, deployed.bundle) as served:
        assert prefect("deployment", "run", "destroy-bundle/survivor-dev").returncode == 0
        eventually(lambda: is_suspended(api, "destroy survivor on dev"), seconds=120)
        story = newest(state)
        (question,) = story.open_questions
        served.kill()
    with prefect_server(home, port), serving(tmp_path, environment, deployed.bundle):
        assert is_suspended(api, "destroy survivor on dev")
        assert (deployed.jobs, deployed.destroys) == (["load", "merge"], 0)
        end = Program(workspace, api, tmp_path).on(state).run("answer", question.id, "approve")
        assert end.exit_code == 0, end
        eventually(lambda: story.verdict == "destroyed", seconds=120)
    assert (deployed.jobs, deployed.destroys) == ([], 1)


def test_a_paused_destroy_whose_runner_was_killed_does_nothing_until_it_is_resumed(
    tmp_path: Path, state: Path, workspace: ScriptedWorkspace, prefect_api: str
) -> None:
    deployed = Deployed(workspace, tmp_path, "bereft", ("load", "merge"))
    environment = dict(environment_of(workspace, prefect_api, state)) | {
        "BUNDLEOPS_CLI": deployed.cli,
        "BUNDLEOPS_ANSWER_WAIT_SECONDS": "600",
    }
    with serving(tmp_path, environment, deployed.bundle) as served:
        assert prefect("deployment", "run", "destroy-bundle/bereft-dev").returncode == 0
        run = eventually(lambda: paused_run(prefect_api, deployed.bundle.folder, verb="destroy"), seconds=120)
        served.kill()
    story = newest(state)
    (question,) = story.open_questions
    program = Program(workspace, prefect_api, tmp_path).on(state).using(BUNDLEOPS_CLI=deployed.cli)
    assert program.run("answer", question.id, "approve").exit_code == 0
    with serving(tmp_path, environment, deployed.bundle):
        assert paused_run(prefect_api, deployed.bundle.folder, verb="destroy") == run
        assert (deployed.jobs, deployed.destroys) == (["load", "merge"], 0)
    end = program.run("destroy", "--resume", story.id)
    assert end.exit_code == 0, end
    assert (deployed.jobs, deployed.destroys, len(story.all(Event.QUESTION_ASKED))) == ([], 1, 1)
