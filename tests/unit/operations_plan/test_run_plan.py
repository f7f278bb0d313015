from __future__ import annotations

from typing import Any

import pytest

from diagnostics.table_use import TableUse
from operations.planning.levels import Level
from operations.planning.plan import PlannedResource, plan_bundle
from operations.run_plan import RunPlan, plan_resources
from workspace.models import Layer, ResolvedBundle, Resource


def resource(key: str, config: dict[str, Any] | None = None, **tags: str) -> Resource:
    return Resource(key=key, type=key.split(".", maxsplit=1)[0], name=key, config={**(config or {}), "tags": tags})


def starting(*keys: str, own_work: bool = False) -> dict[str, Any]:
    """The tasks of a job that starts these, each after the one before."""
    found: list[dict[str, Any]] = [{"task_key": "own", "notebook_task": {"notebook_path": "x"}}] if own_work else []
    for number, key in enumerate(keys):
        kind, field = ("run_job_task", "job_id") if key.startswith("jobs.") else ("pipeline_task", "pipeline_id")
        after = [{"task_key": str(number - 1)}] if number else []
        found.append({"task_key": str(number), kind: {field: f"${{resources.{key}.id}}"}, "depends_on": after})
    return {"tasks": found}


WORK = {"tasks": [{"task_key": "t", "notebook_task": {"notebook_path": "nowhere"}}]}


def bundle(*resources: Resource) -> ResolvedBundle:
    return ResolvedBundle(
        name="shop",
        target="dev",
        mode="development",
        root="/home/pat/shop",
        user="pat",
        variables={},
        remote_root="/r",
        file_root="/r/files",
        resources=resources,
    )


def planned(*resources: Resource, level: Level = Level.ATOMIC, uses: dict[str, TableUse] | None = None) -> RunPlan:
    return plan_resources(bundle(*resources), {f"jobs.{name}": use for name, use in (uses or {}).items()}, level)


def place_of(one: Resource, *others: Resource) -> PlannedResource:
    plan = plan_bundle(bundle(one, *others), {})
    return next(found for found in plan.resources if found.key == one.key)


def order(plan: RunPlan) -> list[str]:
    return [one.key for one in plan.resources]


@pytest.mark.parametrize(
    ("key", "tags", "layer"),
    [
        ("jobs.x", {"layer": "silver"}, Layer.SILVER),
        ("jobs.x", {"layer": "gold-merge"}, Layer.GOLD_MERGE),
        ("jobs.x", {"layer": "Gold Layer", "job_type": "ddl"}, Layer.GOLD_SETUP),
        ("jobs.x", {"job_type": "metric_views"}, Layer.SEMANTIC),
        ("jobs.gold_merge_job", {}, Layer.GOLD_MERGE),
        ("jobs.gold_setup_job", {}, Layer.GOLD_SETUP),
        ("jobs.bronze_setup_job", {"layer": "gold_merge"}, Layer.GOLD_MERGE),
        ("jobs.metric_view_deployment_job", {}, Layer.SEMANTIC),
        ("jobs.bronze_to_silver", {}, Layer.SILVER),
        ("jobs.silver_from_bronze", {}, Layer.SILVER),
        ("jobs.goldenGateSync", {}, Layer.NONE),
        ("jobs.cleanup", {}, Layer.NONE),
        ("jobs.raw_orders", {}, Layer.BRONZE),
        ("quality_monitors.sales", {}, Layer.MONITORING),
        ("genie_spaces.sales", {}, Layer.GENIE),
    ],
)
def test_the_tag_decides_the_layer_then_words_of_the_key(key: str, tags: dict[str, str], layer: Layer) -> None:
    assert place_of(resource(key, WORK, **tags)).layer is layer


@pytest.mark.parametrize(
    ("config", "level"),
    [
        (WORK, Level.ATOMIC),
        (starting("jobs.one"), Level.COMPOSITE),
        (starting("jobs.one", "pipelines.two"), Level.COMPOSITE),
        (starting("pipelines.two"), Level.ATOMIC),
        (starting("pipelines.two", own_work=True), Level.ATOMIC),
        (starting("jobs.one", "jobs.late"), Level.ORCHESTRATOR),
        (starting("jobs.both"), Level.ORCHESTRATOR),
    ],
)
def test_tasks_tell_the_level(config: dict[str, Any], level: Level) -> None:
    others = (
        resource("jobs.one", WORK, layer="silver"),
        resource("pipelines.two", layer="silver"),
        resource("jobs.late", WORK, layer="genie"),
        resource("jobs.both", starting("jobs.one")),
    )
    assert place_of(resource("jobs.daily", config), *others).level is level


def test_the_tag_overrides_what_the_tasks_tell() -> None:
    assert place_of(resource("jobs.daily", starting("jobs.one"), job_level="atomic")).level is Level.ATOMIC


def test_layers_run_in_their_order_whatever_the_names() -> None:
    plan = planned(
        resource("jobs.a", WORK, layer="gold_merge"), resource("jobs.b", WORK, layer="bronze"), resource("jobs.c", WORK)
    )
    assert order(plan) == ["jobs.b", "jobs.a", "jobs.c"]


def test_within_a_layer_the_writer_runs_before_the_reader() -> None:
    uses = {"a": TableUse(reads=("m.s.t",)), "b": TableUse(creates=("m.s.t",))}
    plan = planned(
        resource("jobs.a", WORK, layer="gold_setup"), resource("jobs.b", WORK, layer="gold_setup"), uses=uses
    )
    assert order(plan) == ["jobs.b", "jobs.a"]


def test_what_is_needed_runs_first_even_against_its_layer() -> None:
    uses = {"a": TableUse(reads=("m.s.t",)), "b": TableUse(creates=("m.s.t",))}
    one = resource("jobs.a", WORK, layer="bronze")
    found = plan_bundle(
        bundle(one, resource("jobs.b", WORK, layer="silver")), {f"jobs.{k}": v for k, v in uses.items()}
    )
    assert [each.key for each in found.resources] == ["jobs.b", "jobs.a"]
    assert "that comes first although its layer is silver" in found.resources[1].why


def test_a_circle_is_named_and_broken_at_its_weakest_need() -> None:
    uses = {"a": TableUse(reads=("m.s.t",)), "b": TableUse(creates=("m.s.t",))}
    jobs = (resource("jobs.a", WORK), resource("jobs.b", WORK), resource("jobs.c", starting("jobs.a", "jobs.b")))
    found = plan_bundle(bundle(*jobs), {f"jobs.{key}": use for key, use in uses.items()})
    assert [each.key for each in found.resources] == ["jobs.a", "jobs.b", "jobs.c"]
    assert found.circles == (
        "circle: jobs.a -> jobs.b -> jobs.a; left out is that jobs.a needs jobs.b (it reads m.s.t, which jobs.b makes)",
    )


def test_jobs_that_start_each_other_are_planned_all_the_same() -> None:
    found = plan_bundle(bundle(resource("jobs.a", starting("jobs.b")), resource("jobs.b", starting("jobs.a"))), {})
    assert [each.key for each in found.resources] == ["jobs.a", "jobs.b"]
    assert len(found.circles) == 1


def test_dependents_are_found_through_others() -> None:
    uses = {
        "a": TableUse(creates=("m.s.t",)),
        "b": TableUse(reads=("m.s.t",), creates=("m.s.u",)),
        "c": TableUse(reads=("m.s.u",)),
    }
    plan = planned(resource("jobs.a", WORK), resource("jobs.b", WORK), resource("jobs.c", WORK), uses=uses)
    assert plan.dependents("jobs.a") == ("jobs.b", "jobs.c")


def test_what_does_not_run_is_left_out_with_a_reason() -> None:
    plan = planned(resource("jobs.all", job_level="orchestrator"), resource("volumes.landing"))
    assert plan.resources == ()
    assert {one.key: one.why for one in plan.left_out} == {
        "jobs.all": "orchestrator job: what it starts runs by itself",
        "volumes.landing": "volumes are deployed, they do not run",
    }


def test_what_is_only_verified_has_its_place_after_what_runs() -> None:
    plan = planned(resource("alerts.late"), resource("dashboards.sales"), resource("jobs.load", WORK, layer="bronze"))
    assert order(plan) == ["jobs.load", "alerts.late", "dashboards.sales"]


TREE = (
    resource("jobs.load", WORK, layer="bronze"),
    resource("pipelines.clean", layer="silver"),
    resource("jobs.merge", WORK, layer="gold_merge"),
    resource("jobs.gold", starting("jobs.merge")),
    resource("jobs.all", starting("jobs.load", "pipelines.clean", "jobs.gold")),
)


@pytest.mark.parametrize(
    ("level", "runs"),
    [
        (Level.ATOMIC, ["jobs.load", "pipelines.clean", "jobs.merge"]),
        (Level.COMPOSITE, ["jobs.load", "pipelines.clean", "jobs.gold"]),
        (Level.ORCHESTRATOR, ["jobs.all"]),
    ],
)
def test_the_level_changes_what_runs(level: Level, runs: list[str]) -> None:
    plan = planned(*TREE, level=level)
    assert order(plan) == runs
    assert {one.key for one in plan.left_out} == {one.key for one in TREE} - set(runs)


def test_a_job_that_runs_takes_over_the_needs_of_what_it_starts() -> None:
    (_, _, gold) = planned(*TREE, level=Level.COMPOSITE).resources
    assert gold.needs == ("pipelines.clean",)


def test_a_pipeline_that_a_working_job_starts_is_not_run_once_more() -> None:
    plan = planned(resource("pipelines.etl"), resource("jobs.daily", starting("pipelines.etl", own_work=True)))
    assert order(plan) == ["jobs.daily"]
    assert [one.why for one in plan.left_out] == ["jobs.daily runs it"]
