"""A bundle in the workspace whose deployments are served, so that a person can work with them in Prefect's UI."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from tests.flows.destroying import Deployed
from tests.flows.services import ScriptedWorkspace, environment_of
from tests.flows.serving import Served, serving
from tests.flows.story import Story, newest

WAIT_SECONDS = "600"


class Shop:
    """A bundle with the jobs load and orders, its deployments, and what they leave behind."""

    def __init__(self, workspace: ScriptedWorkspace, api: str, folder: Path, name: str) -> None:
        self.name, self.state, self._folder = f"{name}-dev", folder / "state", folder
        self._deployed = Deployed(workspace, folder, name, ("load", "orders"))
        self._environment = dict(environment_of(workspace, api, self.state)) | {
            "BUNDLEOPS_CLI": self._deployed.cli,
            "BUNDLEOPS_ANSWER_WAIT_SECONDS": WAIT_SECONDS,
        }

    def serving(self, more: Mapping[str, str]) -> AbstractContextManager[Served]:
        """Serve the deployments until the block ends."""
        return serving(self._folder, self._environment | dict(more), self._deployed.bundle)

    def deploy(self) -> None:
        """Deploy the bundle past any operation, as it may have been destroyed."""
        self._deployed.deploy()

    @property
    def jobs(self) -> list[str]:
        """The jobs that are in the workspace."""
        return self._deployed.jobs

    @property
    def destroys(self) -> int:
        """How often the CLI was asked to destroy."""
        return self._deployed.destroys

    @property
    def story(self) -> Story:
        """The operation that was begun last."""
        return newest(self.state)
