from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prefect import flow
from prefect.blocks.system import Secret
from prefect_databricks import DatabricksCredentials

from deployments.render import PREFECT_FILE
from deployments.schema import read_prefect_file
from tasks.fetch_bundle import GitSource, fetch_bundle
from tasks.use_credentials import use_credentials
from tests.flows.bundle_maker import Job, make_bundle
from tests.flows.services import ScriptedWorkspace, environment_of, eventually
from tests.flows.serving import Served, prefect, serving
from workspace.errors import AuthenticationError, UsageError
from workspace.sdk import check_connection


def asked(api: str, path: str, **body: Any) -> Any:
    return httpx.post(f"{api}/{path}", json=body, timeout=30).raise_for_status().json()


# The generated file, put into a Prefect server as a person does it.


@pytest.fixture(scope="module")
def deployed(prefect_api: str) -> dict[str, dict[str, Any]]:
    """Our deployments as the server has them, by their full names."""
    assert prefect("work-pool", "create", "bundleops", "--type", "process").returncode == 0
    done = prefect("deploy", "--all", "--prefect-file", str(PREFECT_FILE))
    assert done.returncode == 0, done.stdout + done.stderr
    flows = {one["id"]: one["name"] for one in asked(prefect_api, "flows/filter")}
    mine = asked(prefect_api, "deployments/filter", deployments={"tags": {"all_": ["bundle:flights"]}})
    return {f"{flows[one['flow_id']]}/{one['name']}": one for one in mine}


def test_prefect_creates_every_deployment_of_the_file(deployed: dict[str, dict[str, Any]]) -> None:
    assert sorted(deployed) == sorted(one.full_name for one in read_prefect_file(PREFECT_FILE).deployments)


def test_prefect_keeps_limit_schedule_and_parameters_of_operate(deployed: dict[str, dict[str, Any]]) -> None:
    operate = deployed["operate-bundle/flights-dev"]
    assert operate["parameters"] == {"bundle": "sandbox/bundles/flights", "target": "dev"}
    assert operate["concurrency_options"]["collision_strategy"] == "ENQUEUE"
    assert operate["global_concurrency_limit"]["limit"] == 1
    assert [one["schedule"]["cron"] for one in operate["schedules"]] == ["0 6 * * *"]
    assert (operate["paused"], operate["enforce_parameter_schema"]) == (True, True)


def test_every_parameter_of_every_form_says_what_it_means(deployed: dict[str, dict[str, Any]]) -> None:
    for name, one in deployed.items():
        for parameter, shape in one["parameter_openapi_schema"]["properties"].items():
            assert shape.get("description") or shape.get("allOf"), f"{name}: {parameter}"


def test_the_form_of_operate_offers_the_ways_to_heal(deployed: dict[str, dict[str, Any]]) -> None:
    heal = deployed["operate-bundle/flights-dev"]["parameter_openapi_schema"]["properties"]["heal"]
    assert heal["anyOf"][0]["enum"] == ["off", "propose", "safe"]


@pytest.mark.parametrize("flow", ["diagnose-run", "watch-run"])
def test_the_id_of_a_run_may_be_typed_as_a_number(deployed: dict[str, dict[str, Any]], flow: str) -> None:
    """`prefect deployment run --param run_id=12345` sends one; the form sends text, which keeps all digits."""
    run_id = deployed[f"{flow}/flights-dev"]["parameter_openapi_schema"]["properties"]["run_id"]
    assert [one["type"] for one in run_id["anyOf"]] == ["string", "integer"]


def test_a_schedule_makes_flow_runs(prefect_api: str, deployed: dict[str, dict[str, Any]]) -> None:
    mine = {"id": {"any_": [deployed["health-check/flights-dev"]["id"]]}}
    found = eventually(lambda: asked(prefect_api, "flow_runs/filter", deployments=mine))
    assert found[0]["state_type"] == "SCHEDULED"


# What `make serve` starts, with a server and a workspace that are there already.


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, one_workspace: ScriptedWorkspace, prefect_api: str
) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    bundle = make_bundle(folder, "served", {"served_load": Job("bronze")})
    with serving(folder, environment_of(one_workspace, prefect_api, folder / "state"), bundle) as process:
        yield process


def started(*parameters: str) -> int:
    given = [part for parameter in parameters for part in ("--param", parameter)]
    done = prefect("deployment", "run", "operate-bundle/served-dev", *given, "--watch", "--watch-interval", "1")
    return done.returncode


@pytest.mark.usefixtures("served")
class TestWatchingADeploymentFromTheTerminal:
    def test_a_dry_run_that_succeeds_ends_with_0(self, one_workspace: ScriptedWorkspace) -> None:
        one_workspace.play()
        assert started("dry_run=true") == 0
        assert not one_workspace.runs("served_load")

    def test_an_operation_that_escalates_ends_with_1(self, one_workspace: ScriptedWorkspace) -> None:
        one_workspace.fail("served_load", "ValueError: the delivery is empty")
        assert started() == 1
        assert one_workspace.runs("served_load")

    def test_a_parameter_of_the_wrong_kind_is_refused_before_anything_starts(
        self, one_workspace: ScriptedWorkspace
    ) -> None:
        before = len(one_workspace.runs("served_load"))
        assert started('dry_run="perhaps"') == 1
        assert len(one_workspace.runs("served_load")) == before


def test_serve_says_where_everything_is_and_stops_at_ctrl_c(served: Served, prefect_api: str) -> None:
    assert f"Prefect UI:  {prefect_api.removesuffix('/api')}" in served.said
    assert "prefect deployment run 'operate-bundle/served-dev'" in served.said
    begun = time.monotonic()
    assert served.stop() == 0
    assert served.said.rstrip().endswith("Stopped.")
    assert time.monotonic() - begun < 30


def test_serve_stops_cleanly_when_it_is_told_to_end(
    tmp_path: Path, one_workspace: ScriptedWorkspace, prefect_api: str
) -> None:
    bundle = make_bundle(tmp_path, "ended", {"load": Job("bronze")})
    with serving(tmp_path, environment_of(one_workspace, prefect_api, tmp_path / "state"), bundle) as process:
        process.stop(by=signal.SIGTERM)
    assert "Warning" not in process.said
    assert "Traceback" not in process.said


# Credentials and git sources of a deployment, from blocks of Prefect.


@flow
def with_credentials(credentials: str | None) -> str:
    """A flow that only takes credentials and says where they lead."""
    use_credentials(credentials)
    return check_connection(None).host


@flow
def with_source(bundle: str, git: GitSource | None) -> str:
    """A flow that only fetches."""
    return fetch_bundle(bundle, git)


@pytest.mark.usefixtures("state")
class TestCredentialsOfADeployment:
    def test_a_block_turns_the_process_to_its_workspace(
        self, workspace: ScriptedWorkspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        DatabricksCredentials(databricks_instance=workspace.host, token=workspace.token).save(
            "team-dev", overwrite=True
        )
        monkeypatch.setenv("DATABRICKS_HOST", "http://127.0.0.1:9")
        monkeypatch.setenv("DATABRICKS_TOKEN", "dapi-of-somebody-else")
        assert with_credentials("team-dev") == workspace.host

    def test_without_a_name_the_environment_counts(self, workspace: ScriptedWorkspace) -> None:
        assert with_credentials(None) == workspace.host

    def test_a_block_that_is_not_there_is_named_with_the_way_out(self) -> None:
        with pytest.raises(UsageError, match=r"no DatabricksCredentials block 'nowhere'. Create it in Prefect's UI"):
            with_credentials("nowhere")

    def test_a_block_without_a_workspace_is_named(self) -> None:
        DatabricksCredentials(databricks_instance=" ", token="dapi-without-host").save("no-host", overwrite=True)
        with pytest.raises(AuthenticationError, match="'no-host' has no `databricks_instance`"):
            with_credentials("no-host")

    def test_a_profile_without_a_name_is_refused(self) -> None:
        with pytest.raises(UsageError, match="needs the name of a profile"):
            with_credentials("profile:")


class TestSourceOfADeployment:
    def test_without_git_the_folder_is_taken_as_it_is(self, state: Path) -> None:
        assert with_source("bundles/sales", None) == "bundles/sales"
        assert not (state / "sources").exists()

    def test_a_bundle_is_fetched_into_the_state_directory(self, state: Path, tmp_path: Path) -> None:
        bundle = make_bundle(tmp_path, "fetched", {"load": Job("bronze")})
        identity = ["-c", "user.name=pat", "-c", "user.email=pat@example.com"]
        for step in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "one"]):
            subprocess.run(["git", *identity, "-C", str(bundle.folder), *step], check=True)
        Secret(value="unused-for-files").save("git-token", overwrite=True)
        found = Path(with_source("fetched", GitSource(url=bundle.folder.as_uri(), credentials="git-token")))
        assert found.parent == (state / "sources").resolve()
        assert (found / "databricks.yml").is_file()

    @pytest.mark.usefixtures("state")
    def test_a_block_that_is_not_there_is_named(self) -> None:
        source = GitSource(url="https://127.0.0.1:9/x.git", credentials="nowhere")
        with pytest.raises(UsageError, match="no Secret block 'nowhere'"):
            with_source("x", source)
