from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from workspace.errors import BundleInvalidError
from workspace.models import ResolvedBundle
from workspace.resolved import resolved_bundle

HOME = "/Workspace/Users/tester@databricks.com/.bundle/sample/dev"
FOLDER = Path("/copies/sample-dev")


def document(**more: Any) -> dict[str, Any]:
    return {
        "bundle": {"name": "sample", "target": "dev", "mode": "development"},
        "resources": {
            "jobs": {"ingest": {"name": "[dev tester] ingest", "tags": {"layer": "bronze"}}},
            "pipelines": {"silver": {"name": "[dev tester] silver"}},
            "alerts": {"late": {"display_name": "[dev tester] late"}},
            "schemas": None,
        },
        "variables": {"catalog": {"default": "main", "value": "dev_main"}, "schema": {"default": "ops"}},
        "workspace": {
            "root_path": HOME,
            "file_path": f"{HOME}/files",
            "host": "https://a.example",
            "current_user": {"userName": "tester@databricks.com"},
        },
        "__locations": {
            "version": 1,
            "files": ["databricks.yml", "resources/jobs.yml"],
            "locations": {"resources.jobs.ingest": [[1, 3, 5]], "resources.pipelines.silver": [[0, 9, 5]]},
        },
        **more,
    }


SUMMARY = {
    "resources": {
        "jobs": {"ingest": {"id": "8795464257982364070", "url": "https://a.example/jobs/8795464257982364070?w=9"}},
        "pipelines": {"silver": {"modified_status": "created", "url": ""}},
    }
}


@pytest.fixture
def bundle() -> ResolvedBundle:
    return resolved_bundle(document(), FOLDER, SUMMARY)


def test_the_bundle_knows_target_place_and_user(bundle: ResolvedBundle) -> None:
    assert (bundle.name, bundle.target, bundle.remote_root, bundle.user) == (
        "sample",
        "dev",
        HOME,
        "tester@databricks.com",
    )
    assert (bundle.file_root, bundle.host) == (f"{HOME}/files", "https://a.example")


@pytest.mark.parametrize(("mode", "production"), [("development", False), ("production", True), (None, True)])
def test_what_is_not_development_counts_as_production(mode: str | None, production: bool) -> None:  # noqa: FBT001 - a parameter
    found = resolved_bundle(document(bundle={"name": "s", "target": "t", "mode": mode}), FOLDER)
    assert found.is_production is production


def test_resources_have_the_name_they_are_deployed_under(bundle: ResolvedBundle) -> None:
    assert [(one.key, one.name) for one in bundle.resources] == [
        ("jobs.ingest", "[dev tester] ingest"),
        ("pipelines.silver", "[dev tester] silver"),
        ("alerts.late", "[dev tester] late"),
    ]


def test_deployed_resources_have_id_and_url_and_others_none(bundle: ResolvedBundle) -> None:
    assert bundle.resource("jobs.ingest").id == "8795464257982364070"
    assert bundle.resource("jobs.ingest").url == "https://a.example/jobs/8795464257982364070?w=9"
    assert (bundle.resource("pipelines.silver").id, bundle.resource("pipelines.silver").url) == (None, None)


def test_resources_know_where_they_are_declared(bundle: ResolvedBundle) -> None:
    assert str(bundle.resource("jobs.ingest").location) == "resources/jobs.yml:3:5"
    assert bundle.resource("alerts.late").location is None


def test_variables_have_their_value_else_their_default(bundle: ResolvedBundle) -> None:
    assert bundle.variables == {"catalog": "dev_main", "schema": "ops"}


def test_a_bundle_that_was_not_resolved_is_refused() -> None:
    with pytest.raises(BundleInvalidError, match="was not resolved"):
        resolved_bundle({"bundle": {"name": "sample"}}, FOLDER)


def test_a_resolved_bundle_survives_its_json_form(bundle: ResolvedBundle) -> None:
    assert ResolvedBundle.model_validate_json(bundle.model_dump_json()) == bundle
