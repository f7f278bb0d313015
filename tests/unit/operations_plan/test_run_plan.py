from __future__ import annotations

from typing import Any

import pytest

from diagnostics.sql_tables import TableUse
from operations.run_plan import RunPlan, layer_of, level_of, plan_resources
from workspace.models import Layer, ResolvedBundle, Resource


def resource(key: str, config: dict[str, Any] | None = None, **tags: str) -> Resource:
    return Resource(key=key, type=key.split(".", maxsplit=1)[0], name=key, config={**(config or {}), "tags": tags})


def planned(*resources: Resource, **uses: TableUse) -> RunPlan:
    bundle = ResolvedBundle(
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
    return plan_resources(bundle, {f"jobs.{name}": use for name, use in uses.items()})


def order(plan: RunPlan) -> list[str]:
    return [one.key for one in plan.resources]


@pytest.mark.parametrize(
    ("key", "tags", "layer"),
    [
        ("jobs.x", {"layer": "silver"}, Layer.SILVER),
        ("jobs.gold_merge_job", {}, Layer.GOLD_MERGE),
        ("jobs.gold_setup_job", {}, Layer.GOLD_SETUP),
        ("jobs.bronze_setup_job", {"layer": "gold_merge"}, Layer.GOLD_MERGE),
        ("jobs.metric_view_deployment_job", {}, Layer.SEMANTIC),
        ("jobs.cleanup", {}, Layer.NONE),
    ],
)
def test_the_tag_decides_the_layer_then_words_of_the_key(key: str, tags: dict[str, str], layer: Layer) -> None:
    assert layer_of(resource(key, None, **tags))[0] is layer


def test_a_job_that_only_starts_others_is_composite() -> None:
    config = {"tasks": [{"run_job_task": {"job_id": 1}}, {"pipeline_task": {"pipeline_id": "p"}}]}
    assert level_of(resource("jobs.daily", config)) == "composite"


def test_the_tag_overrides_what_the_tasks_tell() -> None:
    config = {"tasks": [{"run_job_task": {"job_id": 1}}]}
    assert level_of(resource("jobs.daily", config, job_level="atomic")) == "atomic"


def test_layers_run_in_their_order_whatever_the_names() -> None:
    plan = planned(resource("jobs.a", layer="gold_merge"), resource("jobs.b", layer="bronze"), resource("jobs.c"))
    assert order(plan) == ["jobs.b", "jobs.a", "jobs.c"]


def test_within_a_layer_the_writer_runs_before_the_reader() -> None:
    uses = {"a": TableUse(reads=frozenset({"m.s.t"})), "b": TableUse(creates=frozenset({"m.s.t"}))}
    plan = planned(resource("jobs.a", layer="gold_setup"), resource("jobs.b", layer="gold_setup"), **uses)
    assert order(plan) == ["jobs.b", "jobs.a"]


def test_two_resources_that_need_each_other_run_by_name() -> None:
    uses = {
        "b": TableUse(reads=frozenset({"m.s.t"}), creates=frozenset({"m.s.u"})),
        "a": TableUse(reads=frozenset({"m.s.u"}), creates=frozenset({"m.s.t"})),
    }
    assert order(planned(resource("jobs.b"), resource("jobs.a"), **uses)) == ["jobs.a", "jobs.b"]


def test_dependents_are_found_through_others() -> None:
    uses = {
        "a": TableUse(creates=frozenset({"m.s.t"})),
        "b": TableUse(reads=frozenset({"m.s.t"}), creates=frozenset({"m.s.u"})),
        "c": TableUse(reads=frozenset({"m.s.u"})),
    }
    plan = planned(resource("jobs.a"), resource("jobs.b"), resource("jobs.c"), **uses)
    assert plan.dependents("jobs.a") == ("jobs.b", "jobs.c")


def test_what_does_not_run_is_left_out_with_a_reason() -> None:
    plan = planned(resource("dashboards.sales"), resource("jobs.all", job_level="orchestrator"))
    assert plan.resources == ()
    assert {one.key: one.why for one in plan.left_out} == {
        "dashboards.sales": "dashboards are deployed, they do not run",
        "jobs.all": "orchestrator job: its atomic jobs run by themselves",
    }
