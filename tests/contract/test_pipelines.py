from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from databricks.sdk.errors import ResourceConflict, ResourceDoesNotExist
from databricks.sdk.service.jobs import PipelineTask, Task

if TYPE_CHECKING:
    from tests.contract.conftest import Sandbox


def make_pipeline(sandbox: Sandbox) -> str:
    created = sandbox.client.pipelines.create(name=f"silver {time.time_ns()}", catalog="main", schema="silver")
    return created.pipeline_id or ""


def ended(sandbox: Sandbox, pipeline_id: str, update_id: str) -> str:
    def state() -> str | None:
        update = sandbox.client.pipelines.get_update(pipeline_id, update_id).as_dict()["update"]
        return update["state"] if update["state"] in {"COMPLETED", "FAILED", "CANCELED"} else None

    return sandbox.eventually(state)


def test_an_update_completes_and_is_the_newest_of_its_pipeline(sandbox: Sandbox) -> None:
    pipeline_id = make_pipeline(sandbox)
    update_id = sandbox.client.pipelines.start_update(pipeline_id).update_id or ""
    assert ended(sandbox, pipeline_id, update_id) == "COMPLETED"
    newest = (sandbox.client.pipelines.get(pipeline_id).latest_updates or [])[0]
    assert newest.update_id == update_id


def test_a_failed_update_leaves_error_events_with_their_exceptions(sandbox: Sandbox) -> None:
    exception = {"class_name": "AnalysisException", "message": "[UNRESOLVED_COLUMN] `x`", "stack": []}
    event = {"event_type": "flow_progress", "level": "ERROR", "message": "Flow f failed", "exceptions": [exception]}
    sandbox.play(updates=[{"state": "FAILED", "events": [event]}])
    pipeline_id = make_pipeline(sandbox)
    update_id = sandbox.client.pipelines.start_update(pipeline_id).update_id or ""
    assert ended(sandbox, pipeline_id, update_id) == "FAILED"
    found = list(sandbox.client.pipelines.list_pipeline_events(pipeline_id, filter="level='ERROR'"))
    assert [item.event_type for item in found] == ["update_progress", "flow_progress"]
    assert found[1].error is not None
    assert (found[1].error.exceptions or [])[0].message == "[UNRESOLVED_COLUMN] `x`"


def test_events_can_be_read_for_one_update_only(sandbox: Sandbox) -> None:
    pipeline_id = make_pipeline(sandbox)
    updates = []
    for _ in range(2):
        updates.append(sandbox.client.pipelines.start_update(pipeline_id).update_id or "")
        ended(sandbox, pipeline_id, updates[-1])
    events = sandbox.client.pipelines.list_pipeline_events(pipeline_id, filter=f"update_id = '{updates[0]}'")
    assert {event.origin.update_id for event in events if event.origin} == {updates[0]}


def test_a_second_update_is_refused_while_one_is_active(sandbox: Sandbox) -> None:
    sandbox.play(updates=[{"seconds": 60}])
    pipeline_id = make_pipeline(sandbox)
    update_id = sandbox.client.pipelines.start_update(pipeline_id).update_id or ""
    with pytest.raises(ResourceConflict, match=f"An active update {update_id} already exists"):
        sandbox.client.pipelines.start_update(pipeline_id)
    sandbox.client.pipelines.stop_and_wait(pipeline_id)
    assert ended(sandbox, pipeline_id, update_id) == "CANCELED"


def test_a_pipeline_task_starts_an_update_and_fails_with_it(sandbox: Sandbox) -> None:
    sandbox.play(updates=[{"state": "FAILED"}])
    pipeline_id = make_pipeline(sandbox)
    task = Task(task_key="refresh", pipeline_task=PipelineTask(pipeline_id=pipeline_id))
    run = sandbox.run(sandbox.client.jobs.create(name="refresh", tasks=[task]).job_id or 0)
    assert run.as_dict()["state"]["result_state"] == "FAILED"
    updates = sandbox.client.pipelines.list_updates(pipeline_id).updates or []
    assert [update.as_dict()["cause"] for update in updates] == ["JOB_TASK"]


def test_a_deleted_pipeline_does_not_exist(sandbox: Sandbox) -> None:
    pipeline_id = make_pipeline(sandbox)
    sandbox.client.pipelines.delete(pipeline_id)
    with pytest.raises(ResourceDoesNotExist, match=pipeline_id):
        sandbox.client.pipelines.get(pipeline_id)


def test_updates_are_listed_until_and_including_the_named_one(sandbox: Sandbox) -> None:
    pipeline_id = make_pipeline(sandbox)
    started = []
    for _ in range(3):
        started.append(sandbox.client.pipelines.start_update(pipeline_id).update_id or "")
        ended(sandbox, pipeline_id, started[-1])
    listed = sandbox.client.pipelines.list_updates(pipeline_id, until_update_id=started[1]).updates or []
    assert [update.update_id for update in listed] == [started[2], started[1]]
