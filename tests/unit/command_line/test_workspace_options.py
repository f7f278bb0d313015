"""A workspace that is named on the command line counts alone, whatever the environment says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bundleops.options import use
from workspace.errors import SetupError, UsageError
from workspace.local_sandbox import SandboxEnvironment


@pytest.fixture
def full_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Host, token and service principal of another workspace."""
    for name in ("DATABRICKS_HOST", "DATABRICKS_TOKEN", "DATABRICKS_CLIENT_ID", "ARM_CLIENT_ID", "BUNDLEOPS_PROFILE"):
        monkeypatch.setenv(name, "other")


@pytest.mark.usefixtures("full_environment")
def test_a_profile_puts_every_other_identity_aside() -> None:
    use("mine", sandbox=False)
    left = {name for name in os.environ if name.startswith(("DATABRICKS_", "ARM_", "BUNDLEOPS_PROFILE"))}
    assert left == {"DATABRICKS_CONFIG_FILE", "BUNDLEOPS_PROFILE"}
    assert os.environ["BUNDLEOPS_PROFILE"] == "mine"


@pytest.mark.usefixtures("full_environment")
def test_without_a_choice_the_environment_stays_as_it_is() -> None:
    before = dict(os.environ)
    use(None, sandbox=False)
    assert dict(os.environ) == before


def test_a_profile_and_the_sandbox_are_two_workspaces() -> None:
    with pytest.raises(UsageError, match="either a profile or --sandbox"):
        use("mine", sandbox=True)


@pytest.mark.parametrize(("own_runs", "host"), [(True, "http://of-serve"), (False, "http://usual")])
def test_the_sandbox_that_serve_started_is_found_before_the_usual_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, own_runs: bool, host: str
) -> None:
    def environment(place: Path | None = None) -> SandboxEnvironment:
        if place is not None and not own_runs:
            raise SetupError("it does not run")
        return SandboxEnvironment(host="http://of-serve" if place else "http://usual", token="t", cli="cli")

    (tmp_path / "sandbox").mkdir()
    monkeypatch.setenv("BUNDLEOPS_STATE_DIR", str(tmp_path))
    monkeypatch.setattr("workspace.local_sandbox.sandbox_environment", environment)
    monkeypatch.setattr("os.environ", dict(os.environ))
    use(None, sandbox=True)
    assert os.environ["DATABRICKS_HOST"] == host
