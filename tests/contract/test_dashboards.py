from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from databricks.sdk.errors import InvalidParameterValue, NotFound, ResourceAlreadyExists, ResourceConflict
from databricks.sdk.service.dashboards import Dashboard

if TYPE_CHECKING:
    from tests.contract.conftest import Sandbox

Make = Callable[..., Dashboard]
CONTENT = {
    "datasets": [
        {"name": "late", "displayName": "Late", "queryLines": ["SELECT late ", "FROM flown"]},
        {"name": "gone", "displayName": "Gone", "query": "SELECT gone FROM nowhere"},
    ],
    "pages": [{"name": "p", "displayName": "Flights"}],
}


@pytest.fixture
def make(sandbox: Sandbox) -> Iterator[Make]:
    made: list[str] = []
    sandbox.client.workspace.mkdirs("/Workspace/Shared/dashboards")

    def dashboard(**changes: Any) -> Dashboard:
        fields = {
            "display_name": f"Flights {time.time_ns()}",
            "parent_path": "/Workspace/Shared/dashboards",
            "serialized_dashboard": json.dumps(CONTENT),
        }
        options = {name: changes.pop(name) for name in ("dataset_catalog", "dataset_schema") if name in changes}
        one = sandbox.client.lakeview.create(Dashboard(**(fields | changes)), **options)
        made.append(one.dashboard_id or "")
        return one

    yield dashboard
    for one in made:
        with suppress(NotFound):  # a test may have trashed it
            sandbox.client.lakeview.trash(one)


def test_a_dashboard_is_read_back_with_its_place_and_an_etag(sandbox: Sandbox, make: Make) -> None:
    made = make()
    found = sandbox.client.lakeview.get(made.dashboard_id or "")
    assert (found.parent_path, found.etag) == ("/Shared/dashboards", made.etag)
    assert found.path == f"/Shared/dashboards/{made.display_name}.lvdash.json"
    content = json.loads(found.serialized_dashboard or "")
    assert content["datasets"] == CONTENT["datasets"]
    assert content["pages"][0]["pageType"] == "PAGE_TYPE_CANVAS"


def test_catalog_and_schema_of_the_request_hold_for_every_dataset(make: Make) -> None:
    made = make(dataset_catalog="main", dataset_schema="gold")
    datasets = json.loads(made.serialized_dashboard or "")["datasets"]
    assert {(one["catalog"], one["schema"]) for one in datasets} == {("main", "gold")}


def test_an_update_with_an_old_etag_is_refused(sandbox: Sandbox, make: Make) -> None:
    made = make()
    api = sandbox.client.lakeview
    renamed = api.update(made.dashboard_id or "", Dashboard(display_name=f"{made.display_name} new", etag=made.etag))
    assert renamed.etag != made.etag
    assert renamed.serialized_dashboard == made.serialized_dashboard
    with pytest.raises(ResourceConflict, match="was modified since"):
        api.update(made.dashboard_id or "", Dashboard(display_name="x", etag=made.etag))


def test_what_is_published_stays_until_it_is_published_anew_or_taken_back(sandbox: Sandbox, make: Make) -> None:
    api, made = sandbox.client.lakeview, make()
    with pytest.raises(NotFound, match="Unable to find published dashboard"):
        api.get_published(made.dashboard_id or "")
    api.publish(made.dashboard_id or "", embed_credentials=True)
    api.update(made.dashboard_id or "", Dashboard(serialized_dashboard='{"pages": []}'))
    published = api.get_published(made.dashboard_id or "")
    assert (published.display_name, published.embed_credentials) == (made.display_name, True)
    api.revert(made.dashboard_id or "")
    assert api.get(made.dashboard_id or "").serialized_dashboard == made.serialized_dashboard
    api.unpublish(made.dashboard_id or "")
    with pytest.raises(NotFound):
        api.get_published(made.dashboard_id or "")


def test_a_trashed_dashboard_is_listed_only_if_asked_for(sandbox: Sandbox, make: Make) -> None:
    api, made = sandbox.client.lakeview, make()
    assert made.dashboard_id in [one.dashboard_id for one in api.list(page_size=1)]
    api.trash(made.dashboard_id or "")
    assert made.dashboard_id not in [one.dashboard_id for one in api.list()]
    assert made.dashboard_id in [one.dashboard_id for one in api.list(show_trashed=True)]
    assert sandbox.client.lakeview.get(made.dashboard_id or "").as_dict()["lifecycle_state"] == "TRASHED"


@pytest.mark.parametrize("content", ["{", "[]", '{"datasets": {}}'])
def test_content_that_is_no_dashboard_is_refused(make: Make, content: str) -> None:
    with pytest.raises(InvalidParameterValue, match="serialized_dashboard"):
        make(serialized_dashboard=content)


def test_a_folder_that_is_not_there_and_a_name_that_is_are_refused(make: Make) -> None:
    with pytest.raises(NotFound, match="doesn't exist"):
        make(parent_path="/Workspace/Shared/nowhere")
    made = make()
    with pytest.raises(ResourceAlreadyExists, match="already exists"):
        make(display_name=made.display_name)


def test_the_queries_of_its_datasets_can_be_checked(sandbox: Sandbox, make: Make) -> None:
    made = make()
    missing = "[TABLE_OR_VIEW_NOT_FOUND] nowhere"
    sandbox.play(statements=[{"statement": "*nowhere", "state": "FAILED", "error_message": missing}])
    answer = sandbox.client.api_client.do("POST", f"/sandbox/dashboards/{made.dashboard_id}/check")
    assert isinstance(answer, dict)
    assert answer["datasets"] == [
        {"name": "late", "state": "SUCCEEDED", "message": ""},
        {"name": "gone", "state": "FAILED", "message": missing},
    ]
