"""A workspace that is named on the command line counts alone, whatever the environment says."""

from __future__ import annotations

import os

import pytest

from bundleops.options import use
from workspace.errors import UsageError


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
