"""What has to be there before a layer, and what is done about what is not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from diagnostics.table_use import TableUse
from operations.events import Event, JournalEvent
from operations.prerequisites import Prerequisite, Unmet, empty, missing, missing_prerequisite, prerequisites
from workspace.models import Layer, ResolvedBundle, Resource

BUNDLE = ResolvedBundle(
    name="shop",
    target="dev",
    mode=None,
    root="/b",
    remote_root="/r",
    user="pat",
    variables={},
    resources=(
        Resource(key="jobs.load", type="jobs", name="load", config={}),
        Resource(key="jobs.clean", type="jobs", name="clean", config={}),
        Resource(
            key="jobs.all",
            type="jobs",
            name="all",
            config={"tasks": [{"task_key": "t", "run_job_task": {"job_id": "${resources.jobs.clean.id}"}}]},
        ),
    ),
)
USES = {
    "jobs.load": TableUse(creates=("m.bronze.t",), writes=("m.bronze.t",), semantic=("m.bronze.f",)),
    "jobs.clean": TableUse(
        reads=(
            "m.bronze.t",
            "m.bronze.f",
            "m.erp.x",
            "m.silver.t",
            "bronze.u",
            "*.a.b",
            "system.a.b",
            "m.information_schema.t",
        ),
        creates=("m.silver.t",),
    ),
}


def names(layer: Layer, *keys: str) -> list[str]:
    return [one.name for one in prerequisites(BUNDLE, USES, layer, keys)]


def test_what_others_make_and_sources_name_in_full_is_looked_up() -> None:
    assert names(Layer.SILVER, "jobs.clean") == ["m.bronze.f", "m.bronze.t", "m.erp.x"]


def test_what_the_layer_makes_itself_is_not_looked_up() -> None:
    assert names(Layer.SILVER, "jobs.clean", "jobs.load") == ["m.bronze.f", "m.erp.x"]


def test_a_job_needs_what_the_jobs_that_it_starts_need() -> None:
    found = prerequisites(BUNDLE, USES, Layer.SILVER, ["jobs.all"])
    assert {one.resource for one in found} == {"jobs.all"}
    assert [one.name for one in found] == ["m.bronze.f", "m.bronze.t", "m.erp.x"]


def test_each_names_its_makers_and_kind() -> None:
    function, table, foreign = prerequisites(BUNDLE, USES, Layer.MONITORING, ["jobs.clean"])
    assert (function.is_function, table.is_function) == (True, False)
    assert (table.makers, foreign.makers) == (("jobs.load",), ())
    assert table.needs_rows, "monitors need tables with rows"


@pytest.mark.parametrize(
    ("makers", "text"),
    [
        (("jobs.load",), "m.a.t does not exist; jobs.load makes it"),
        ((), "m.a.t does not exist; no resource of the bundle makes it"),
    ],
)
def test_what_is_missing_is_named_with_its_maker(makers: tuple[str, ...], text: str) -> None:
    assert missing(Prerequisite(resource="jobs.x", name="m.a.t", makers=makers)).text == text


def test_an_empty_table_is_named_with_who_fills_it_and_holds_up_nothing() -> None:
    found = empty(Prerequisite(resource="jobs.clean", name="m.a.t", makers=("jobs.setup", "jobs.load")))
    assert found.text == "m.a.t has no rows; jobs.load fills it"
    assert missing_prerequisite([checked(found)], "jobs.clean") is None


def event(word: Event, resource: str | None = None, **data: Any) -> JournalEvent:
    return JournalEvent(at=datetime(2026, 1, 1, tzinfo=UTC), event=word, resource=resource, iteration=1, data=data)


def checked(*unmet: Unmet) -> JournalEvent:
    return event(Event.PREREQUISITES_CHECKED, unmet=[one.model_dump(mode="json") for one in unmet])


LACKING = missing(Prerequisite(resource="jobs.clean", name="m.bronze.t", makers=("jobs.load",)))
FOREIGN = missing(Prerequisite(resource="jobs.clean", name="m.erp.x"))


def test_what_the_bundle_can_make_is_made_first() -> None:
    assert missing_prerequisite([checked(FOREIGN, LACKING)], "jobs.clean") == LACKING


@pytest.mark.parametrize(
    "events",
    [
        [],
        [checked()],
        [checked(FOREIGN)],
        [checked(LACKING), checked(FOREIGN)],
        [checked(LACKING), event(Event.RUN_INTENDED, "jobs.clean")],
        [event(Event.RUN_INTENDED, "jobs.load"), event(Event.RUN_VERIFIED, "jobs.load"), checked(LACKING)],
    ],
    ids=["never checked", "all there", "nobody makes it", "newer check", "tried already", "its maker has run"],
)
def test_a_run_is_tried_when_nothing_can_be_made_first(events: list[JournalEvent]) -> None:
    assert missing_prerequisite(events, "jobs.clean") is None
