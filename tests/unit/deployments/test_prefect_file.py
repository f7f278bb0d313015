from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from deployments.bundle_list import BUNDLES_FILE, BundleList, read_bundle_list
from deployments.render import PREFECT_FILE, as_yaml, prefect_file
from deployments.schema import Deployment, read_prefect_file
from workspace.errors import UsageError


def listed(target: dict[str, Any] | None = None, **bundle: Any) -> BundleList:
    source = bundle or {"path": "bundles/sales"}
    targets = [{"name": "prod"} | (target or {})]
    return BundleList.model_validate({"bundles": [{"name": "sales", "targets": targets} | source]})


def made(target: dict[str, Any] | None = None, **bundle: Any) -> dict[str, Deployment]:
    return {one.full_name.partition("/")[0]: one for one in prefect_file(listed(target, **bundle)).deployments}


def changed(folder: Path, **keys: Any) -> Path:
    """Our own file with keys added to its first deployment."""
    document = yaml.safe_load(PREFECT_FILE.read_text(encoding="utf-8"))
    document["deployments"][0] |= keys
    file = folder / "prefect.yaml"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return file


def test_the_committed_file_is_what_the_list_makes() -> None:
    assert PREFECT_FILE.read_text(encoding="utf-8") == as_yaml(prefect_file(read_bundle_list(BUNDLES_FILE)))


def test_the_committed_file_holds_no_key_that_prefect_would_ignore() -> None:
    assert read_prefect_file(PREFECT_FILE) == prefect_file(read_bundle_list(BUNDLES_FILE))


def test_a_mistyped_key_that_prefect_would_ignore_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"deployments\[flights-dev\]\.concurency_limit: unknown key"):
        read_prefect_file(changed(tmp_path, concurency_limit=1))


def test_a_mistyped_key_further_down_is_refused_as_well(tmp_path: Path) -> None:
    limit = {"limit": 1, "colision_strategy": "ENQUEUE"}
    with pytest.raises(UsageError, match=r"concurrency_limit\.colision_strategy: unknown key"):
        read_prefect_file(changed(tmp_path, concurrency_limit=limit))


def test_every_target_gets_one_deployment_of_each_flow() -> None:
    assert list(made()) == ["operate-bundle", "destroy-bundle", "health-check", "diagnose-run", "watch-run"]
    assert {one.name for one in made().values()} == {"sales-prod"}


def test_operations_of_one_target_wait_for_each_other() -> None:
    limit = made()["operate-bundle"].concurrency_limit
    assert limit
    assert (limit.limit, limit.collision_strategy) == (1, "ENQUEUE")


def test_parameters_are_checked_by_prefect_and_name_bundle_and_target() -> None:
    operate = made()["operate-bundle"]
    assert operate.enforce_parameter_schema
    assert operate.parameters == {"bundle": "bundles/sales", "target": "prod"}
    assert operate.tags == ("bundle:sales", "target:prod")


def test_only_operate_and_health_start_by_themselves() -> None:
    deployments = made({"schedule": {"cron": "0 6 * * 1-5", "timezone": "Europe/Berlin"}})
    crons = {name: [(one.cron, one.timezone) for one in found.schedules] for name, found in deployments.items()}
    assert crons == {
        "operate-bundle": [("0 6 * * 1-5", "Europe/Berlin")],
        "destroy-bundle": [],
        "health-check": [("15 * * * *", "UTC")],
        "diagnose-run": [],
        "watch-run": [],
    }


def test_a_bundle_from_git_is_passed_with_its_name_and_its_source() -> None:
    git = {"url": "https://git.example.com/sales.git", "ref": "v2", "credentials": "git-token"}
    assert made(git=git)["operate-bundle"].parameters == {"bundle": "sales", "git": git, "target": "prod"}


def test_credentials_go_to_every_flow() -> None:
    assert {one.parameters.get("credentials") for one in made({"credentials": "sales-prod"}).values()} == {"sales-prod"}


def test_the_heal_mode_is_a_parameter_of_operate_alone() -> None:
    deployments = made({"heal": "propose"})
    assert {name: one.parameters.get("heal") for name, one in deployments.items() if "heal" in one.parameters} == {
        "operate-bundle": "propose"
    }


def test_job_variables_of_the_work_pool_reach_every_deployment_as_they_are() -> None:
    variables = {"env": {"HTTPS_PROXY": "http://proxy"}, "image": "bundleops:1"}
    found = made({"work_pool": {"name": "k8s", "job_variables": variables}})
    assert [one.work_pool.job_variables for one in found.values()] == [variables] * len(found)


def test_a_root_makes_the_folders_of_bundles_absolute() -> None:
    operate = prefect_file(listed(), root=Path("/srv/project")).deployments[0]
    assert operate.parameters["bundle"] == "/srv/project/bundles/sales"
