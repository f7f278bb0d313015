"""The inventory tells what a destroy deletes, and says what could not be looked up."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from databricks.sdk import WorkspaceClient

from workspace.losses import DataObject, DeployedResource, Losses
from workspace.models import DeployPlan, PlannedChange, ResolvedBundle
from workspace.services.deployed_objects import object_exists
from workspace.services.inventory import deployed_resources, find_remains, take_inventory, with_figures

if TYPE_CHECKING:
    from .conftest import LoopbackWorkspace

ROOT = "/Workspace/Users/ann/.bundle/sales/dev"
CATALOG = "/api/2.1/unity-catalog"
LIST = "/api/2.0/workspace/list"
JOB = DeployedResource(key="jobs.load", type="jobs", name="load", id="7")
SCHEMA = DeployedResource(key="schemas.gold", type="schemas", name="gold", id="main.gold")
PIPELINE = DeployedResource(key="pipelines.silver", type="pipelines", name="silver", id="p-1")
VOLUME = DeployedResource(key="volumes.raw", type="volumes", name="raw", id="main.gold.raw")
BUNDLE = ResolvedBundle(
    name="sales", target="dev", mode="development", root="/b", remote_root=ROOT, user="ann", variables={}, resources=()
)
Inventory = Callable[..., Losses]


@pytest.fixture
def inventory(client: WorkspaceClient) -> Inventory:
    return lambda *resources, **written: take_inventory(client, BUNDLE, resources, written.get("written", {}))


def have_job(workspace: LoopbackWorkspace) -> None:
    workspace.answer("GET", "/api/2.2/jobs/get", {"job_id": 7, "settings": {"name": "load"}})


def have_schema(workspace: LoopbackWorkspace, *tables: dict[str, Any]) -> None:
    workspace.answer("GET", f"{CATALOG}/schemas/main.gold", {"full_name": "main.gold"})
    workspace.answer("GET", f"{CATALOG}/tables", {"tables": list(tables)})
    workspace.answer("GET", f"{CATALOG}/functions", {})
    workspace.answer("GET", f"{CATALOG}/volumes", {})


def table(name: str, **more: Any) -> dict[str, Any]:
    return {"full_name": f"main.gold.{name}", "name": name, "table_type": "MANAGED", **more}


def test_what_is_gone_already_is_not_listed(workspace: LoopbackWorkspace, inventory: Inventory) -> None:
    workspace.fail("GET", "/api/2.2/jobs/get", 400, "INVALID_PARAMETER_VALUE", "Job 7 does not exist.")
    assert inventory(JOB).nothing_left


def test_a_type_that_cannot_be_asked_for_counts_as_there_and_says_so(inventory: Inventory) -> None:
    losses = inventory(DeployedResource(key="secret_scopes.s", type="secret_scopes", name="s", id="s"))
    assert losses.resources[0].checked is False
    assert "secret_scopes.s" in losses.not_checked[0]


def test_a_dashboard_in_the_trash_is_gone(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    workspace.answer("GET", "/api/2.0/lakeview/dashboards/d", {"lifecycle_state": "TRASHED"})
    assert object_exists(client, "dashboards", "d") is False


def test_a_schema_loses_all_that_is_in_it(workspace: LoopbackWorkspace, inventory: Inventory) -> None:
    have_schema(workspace, table("facts"), table("totals", table_type="VIEW"))
    found = {(one.name, one.kind, one.lost_with) for one in inventory(SCHEMA).data}
    assert found == {("main.gold.facts", "table", "schemas.gold"), ("main.gold.totals", "view", "schemas.gold")}


def test_what_could_not_be_listed_is_named(workspace: LoopbackWorkspace, inventory: Inventory) -> None:
    have_schema(workspace)
    workspace.forget("GET", f"{CATALOG}/functions")
    workspace.fail("GET", f"{CATALOG}/functions", 403, "PERMISSION_DENIED", "USE SCHEMA is missing")
    assert "functions in schema main.gold could not be listed" in inventory(SCHEMA).not_checked[0]


def test_a_pipeline_loses_its_own_tables_and_those_that_its_source_creates(
    workspace: LoopbackWorkspace, inventory: Inventory
) -> None:
    workspace.answer("GET", "/api/2.0/pipelines/p-1", {"spec": {"catalog": "main", "schema": "gold"}})
    listed = [table("own", pipeline_id="p-1", table_type="STREAMING_TABLE"), table("foreign", pipeline_id="p-2")]
    workspace.answer("GET", f"{CATALOG}/tables", {"tables": listed})
    workspace.answer("GET", f"{CATALOG}/tables/main.other.made", {"full_name": "main.other.made"})
    losses = inventory(PIPELINE, written={"pipelines.silver": ("main.other.made", "main.other.never_made", "*.x")})
    assert [one.name for one in losses.data] == ["main.gold.own", "main.other.made"]


def test_a_volumes_files_are_counted(workspace: LoopbackWorkspace, inventory: Inventory) -> None:
    workspace.answer("GET", f"{CATALOG}/volumes/main.gold.raw", {"volume_type": "MANAGED"})
    files = [{"path": "/a", "file_size": 5}, {"path": "/b", "file_size": 6}]
    workspace.answer("GET", "/api/2.0/fs/directories/Volumes/main/gold/raw", {"contents": files})
    (volume,) = inventory(VOLUME).data
    assert (volume.files, volume.size_bytes) == (2, 11)


def test_files_are_counted_without_our_own_lock(workspace: LoopbackWorkspace, inventory: Inventory) -> None:
    objects = [
        {"path": f"{ROOT}/bundleops.lock", "object_type": "FILE"},
        {"path": f"{ROOT}/files", "object_type": "DIRECTORY"},
    ]
    inside = [{"path": f"{ROOT}/files/a.py", "object_type": "FILE"}]
    by_path = {ROOT: objects, f"{ROOT}/files": inside}
    workspace.answer("GET", LIST, lambda query, _: (200, {"objects": by_path[query["path"]]}))
    assert inventory().files == 1


def test_resources_that_the_files_no_longer_have_are_found_in_state_and_plan(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    state = b'{"state": {"resources.jobs.old": {"__id__": "9"}, "resources.jobs.old.permissions": {"__id__": "9"}}}'
    workspace.answer("GET", "/api/2.0/workspace/export", state)
    summary = {"resources": {"jobs": {"load": {"id": "7", "name": "[dev] load"}, "new": {"name": "new"}}}}
    plan = DeployPlan(changes=(PlannedChange(resource="schemas.gone", action="delete"),), digest="d")
    found = [(one.key, one.name, one.id) for one in deployed_resources(client, BUNDLE, summary, plan)]
    assert found == [("jobs.load", "[dev] load", "7"), ("jobs.old", "old", "9"), ("schemas.gone", "gone", "")]


def losses(*data: DataObject, resources: tuple[DeployedResource, ...] = (JOB,)) -> Losses:
    return Losses(host="h", target="dev", remote_root=ROOT, files=3, resources=resources, data=data)


FACTS = DataObject(name="main.gold.facts", kind="table", lost_with="schemas.gold")


def test_rows_and_sizes_do_not_change_the_digest_and_another_table_does() -> None:
    grown = losses(FACTS.model_copy(update={"rows": 5, "size_bytes": 9, "files": 1}))
    assert grown.digest == losses(FACTS).digest
    assert losses(FACTS, FACTS.model_copy(update={"name": "main.gold.new"})).digest != grown.digest


@pytest.mark.parametrize("change", [{"host": "x"}, {"target": "prod"}, {"remote_root": "/x"}, {"resources": (SCHEMA,)}])
def test_place_and_resources_change_the_digest(change: dict[str, Any]) -> None:
    assert losses(FACTS).model_copy(update=change).digest != losses(FACTS).digest


def have_warehouse(workspace: LoopbackWorkspace, **answers: list[Any]) -> None:
    """Answer statements by a word that they hold: column names, then rows."""
    workspace.answer("GET", "/api/2.0/sql/warehouses", {"warehouses": [{"id": "w", "state": "RUNNING"}]})

    def reply(_query: Any, body: dict[str, Any]) -> tuple[int, Any]:
        columns, *rows = next((answer for word, answer in answers.items() if word in body["statement"]), [[]])
        manifest = {"schema": {"columns": [{"name": name} for name in columns]}}
        ended = {"status": {"state": "SUCCEEDED"}, "manifest": manifest, "result": {"data_array": rows}}
        return 200, {"statement_id": "s", **ended}

    workspace.answer("POST", "/api/2.0/sql/statements", reply)


def test_tables_are_measured_on_a_warehouse(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    detail = [["numFiles", "sizeInBytes"], ["4", "1000"]]
    have_warehouse(workspace, COUNT=[["number"], ["12"]], DETAIL=detail)
    (facts,) = with_figures(client, losses(FACTS)).data
    assert (facts.rows, facts.files, facts.size_bytes, facts.unknown) == (12, 4, 1000, "")


def test_without_a_warehouse_rows_are_not_known_and_the_reason_is(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    workspace.answer("GET", "/api/2.0/sql/warehouses", {})
    whole = with_figures(client, losses(FACTS))
    assert (whole.data[0].rows, whole.data[0].unknown) == (None, "there is no SQL warehouse to ask")
    assert any("Who reads the tables" in one for one in whole.not_checked)


def test_a_table_that_cannot_be_counted_says_why(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    have_warehouse(workspace)
    (facts,) = with_figures(client, losses(FACTS)).data
    assert (facts.rows, facts.unknown) == (None, "the warehouse gave no answer")


def test_other_jobs_that_start_the_jobs_are_dependents(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    inner = {"task_key": "each", "for_each_task": {"task": {"run_job_task": {"job_id": 7}}}}
    foreign = {"job_id": 8, "settings": {"name": "chain", "tasks": [inner]}}
    own = {"job_id": 7, "settings": {"name": "load", "tasks": [{"run_job_task": {"job_id": 7}}]}}
    workspace.answer("GET", "/api/2.2/jobs/list", {"jobs": [foreign, own]})
    (dependent,) = with_figures(client, losses()).dependents
    assert (dependent.name, dependent.uses) == ("job chain", ("jobs.load",))


def test_readers_of_the_tables_are_dependents_and_the_bundles_own_are_not(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    names = ["source_table_full_name", "entity_type", "entity_id", "target_table_full_name"]
    foreign = ["main.gold.facts", "DASHBOARD_V3", "d-1", None]
    own = ["main.gold.facts", "JOB", "7", "main.gold.x"]
    have_warehouse(workspace, table_lineage=[names, foreign, own])
    workspace.answer("GET", "/api/2.2/jobs/list", {})
    dependents = with_figures(client, losses(FACTS)).dependents
    assert [(one.name, one.uses) for one in dependents] == [("dashboard v3 d-1", ("main.gold.facts",))]


def test_what_is_still_there_after_a_destroy_is_named(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    have_job(workspace)
    table_of_pipeline = FACTS.model_copy(update={"lost_with": "pipelines.silver"})
    workspace.answer("GET", f"{CATALOG}/tables/main.gold.facts", {"full_name": "main.gold.facts"})
    remains = find_remains(client, losses(table_of_pipeline, resources=(JOB, PIPELINE, SCHEMA)))
    assert (remains.resources, remains.tables) == (("jobs.load (7)",), ("main.gold.facts",))
    assert not remains.is_clean


def test_a_refused_look_is_no_proof_that_something_is_gone(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    workspace.fail("GET", "/api/2.2/jobs/get", 403, "PERMISSION_DENIED")
    with pytest.raises(Exception, match="PERMISSION_DENIED"):
        find_remains(client, losses())
