from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prefect.context import refresh_global_settings_context

from tests.flows.bundle_maker import Bundle
from tests.flows.program import Program
from tests.flows.services import ScriptedWorkspace, environment_of, prefect_server
from tests.flows.story import Story, operate


@pytest.fixture(scope="session")
def prefect_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One Prefect server for all tests, which this process and all that it starts use."""
    home = tmp_path_factory.mktemp("prefect")
    with prefect_server(home) as api, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_HOME", str(home))
        patch.setenv("PREFECT_API_URL", api)
        patch.setenv("PREFECT_LOGGING_TO_API_ENABLED", "false")
        # For all threads: temporary settings would hold for the thread that sets them only.
        refresh_global_settings_context()
        yield api
    refresh_global_settings_context()


@pytest.fixture(scope="session")
def one_workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedWorkspace]:
    started = ScriptedWorkspace(tmp_path_factory.mktemp("workspace") / "sandbox")
    yield started
    started.stop()


@pytest.fixture
def workspace(one_workspace: ScriptedWorkspace) -> ScriptedWorkspace:
    """The scripted workspace, in which everything succeeds until a test says otherwise."""
    one_workspace.play()
    return one_workspace


@pytest.fixture
def state(tmp_path: Path, workspace: ScriptedWorkspace, prefect_api: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state directory of the test's own, with the environment turned to the workspace."""
    return turned_to(workspace, prefect_api, tmp_path / "state", monkeypatch)


@pytest.fixture(scope="module")
def operated(
    tmp_path_factory: pytest.TempPathFactory, one_workspace: ScriptedWorkspace, prefect_api: str
) -> Callable[..., Story]:
    """Operate a bundle once for several tests; one job fails with this error, the first time or always."""

    def run(bundle: Bundle, job: str, error: str, *, always: bool = False) -> Story:
        one_workspace.fail(job, error, *(() if always else (1,)))
        with pytest.MonkeyPatch.context() as patch:
            return operate(turned_to(one_workspace, prefect_api, tmp_path_factory.mktemp("state"), patch), bundle)

    return run


@pytest.fixture(scope="module")
def program_in(
    tmp_path_factory: pytest.TempPathFactory, one_workspace: ScriptedWorkspace, prefect_api: str
) -> Callable[[str], Program]:
    """Make the command line ready in a fresh folder with a state directory of its own."""
    return lambda name: Program(one_workspace, prefect_api, tmp_path_factory.mktemp(name))


def turned_to(workspace: ScriptedWorkspace, api: str, folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """Turn the environment to the workspace and to a state directory, which is returned."""
    for name in [name for name in os.environ if name.startswith(("DATABRICKS_", "BUNDLEOPS_"))]:
        patch.delenv(name)
    for name, value in environment_of(workspace, api, folder).items():
        patch.setenv(name, value)
    return folder
