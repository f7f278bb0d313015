"""What a person sees of a destroy: before it in the question, after it in the report."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import to_jsonable_python

from operations.destroy_report import destroy_report
from operations.events import Event, JournalEvent
from operations.losses_markdown import MAX_ROWS, losses_question
from operations.operation import Operation
from operations.report_data import make_report
from operations.report_markdown import render_markdown
from workspace.losses import DataObject, Dependent, DeployedResource, Losses, Remains

JOB = DeployedResource(key="jobs.load", type="jobs", name="load", id="7")
SCHEMA = DeployedResource(key="schemas.gold", type="schemas", name="gold", id="main.gold")
FACTS = DataObject(name="main.gold.facts", kind="table", lost_with="schemas.gold")


def losses(*resources: DeployedResource, **more: Any) -> Losses:
    return Losses(host="https://w", target="dev", remote_root="/r", files=3, resources=resources, **more)


def event(kind: Event, **data: Any) -> JournalEvent:
    return JournalEvent(at=datetime(2026, 1, 1, tzinfo=UTC), event=kind.value, data=to_jsonable_python(data))


def listed(*resources: DeployedResource) -> JournalEvent:
    return event(Event.LOSSES_LISTED, losses=losses(*resources), digest="d")


@pytest.fixture
def work(tmp_path: Path) -> Operation:
    place = {"bundle": "/b", "working_copy": "/c", "state_dir": str(tmp_path)}
    return Operation(id="20260101-000000-abcd", target="dev", kind="destroy", **place)


def test_the_question_names_rows_sizes_and_who_else_uses_it() -> None:
    measured = FACTS.model_copy(update={"rows": 1234567, "files": 4, "size_bytes": 2_500_000})
    body = losses_question(losses(SCHEMA, data=(measured,), dependents=(Dependent(name="job chain", uses=("x",)),)))
    assert "| `main.gold.facts` | table | `schemas.gold` | 1,234,567 | 4 | 2.5 MB |" in body
    assert "job chain uses `x`" in body


def test_rows_that_are_not_known_are_told_with_the_reason() -> None:
    body = losses_question(losses(SCHEMA, data=(FACTS.model_copy(update={"unknown": "no warehouse"}),)))
    assert "not known: no warehouse" in body
    assert "data objects, rows not known, and" in body


def test_rows_that_are_known_in_part_are_a_lower_bound() -> None:
    data = (FACTS.model_copy(update={"rows": 12}), FACTS.model_copy(update={"name": "main.gold.other"}))
    assert "2 tables and other data objects, at least 12 rows" in losses_question(losses(SCHEMA, data=data))


def test_names_from_the_workspace_cannot_write_markdown() -> None:
    hostile = JOB.model_copy(update={"name": "x\n\n# Approved <img src=y> [click](http://evil)"})
    body = losses_question(losses(hostile))
    assert "\n# Approved" not in body
    assert "<img" not in body
    assert "](http://evil)" not in body


def test_very_many_tables_are_counted_instead_of_shown() -> None:
    many = tuple(FACTS.model_copy(update={"name": f"main.gold.t{number}"}) for number in range(MAX_ROWS + 7))
    assert "and 7 more" in losses_question(losses(SCHEMA, data=many))


def test_the_question_says_what_a_change_means() -> None:
    body = losses_question(losses(JOB))
    assert "it is void and you are asked again" in body


def test_an_operation_that_lists_nothing_has_no_destroy() -> None:
    assert destroy_report([event(Event.OPERATION_STARTED)]) is None


def test_what_an_earlier_list_had_stays_in_the_report_after_half_a_destroy() -> None:
    report = destroy_report([listed(JOB, SCHEMA), event(Event.DESTROY_STARTED), listed(SCHEMA)])
    assert report is not None
    assert [one.key for one in report.losses.resources] == ["jobs.load", "schemas.gold"]
    assert report.started


def test_the_error_of_the_newest_destroy_counts() -> None:
    failed = event(Event.DESTROY_ENDED, ok=False, error="busy")
    report = destroy_report([listed(JOB), failed, event(Event.DESTROY_ENDED, ok=True, error="")])
    assert report is not None
    assert report.error == ""


def test_the_report_names_what_is_still_there(work: Operation) -> None:
    remains = Remains(resources=("jobs.load (7)",), files=2, tables=("main.gold.t",))
    ends = [event(Event.DESTROY_STARTED), event(Event.REMAINS_FOUND, remains=remains)]
    text = render_markdown(make_report(work, [listed(JOB), *ends]))
    assert "### Still there\n\n- `jobs.load (7)`\n- 2 files in the workspace" in text
    assert "the catalog removes it with a delay" in text


def test_the_next_step_of_a_waiting_destroy_resumes_the_destroy(work: Operation) -> None:
    ended = event(Event.OPERATION_ENDED, verdict="waiting", exit_code=4)
    assert f"`bundleops destroy --resume {work.id}`" in render_markdown(make_report(work, [listed(JOB), ended]))


def test_a_destroyed_bundle_has_no_next_step(work: Operation) -> None:
    ended = event(Event.OPERATION_ENDED, verdict="destroyed", exit_code=0)
    assert "--resume" not in render_markdown(make_report(work, [listed(JOB), ended]))
