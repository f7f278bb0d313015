"""Runs in lists, cancelled together, and deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from databricks.sdk.errors import InvalidParameterValue, InvalidState, ResourceDoesNotExist
from databricks.sdk.service.jobs import QueueSettings

if TYPE_CHECKING:
    from tests.contract.conftest import Sandbox


def ids(sandbox: Sandbox, job_id: int, **filters: bool | int) -> list[int | None]:
    listed = sandbox.client.jobs.list_runs(job_id=job_id, **filters)  # type: ignore[arg-type]  # one name at a time
    return [run.run_id for run in listed]


def test_active_and_completed_runs_are_told_apart(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"occurrence": 2, "seconds": 60}])
    job_id = sandbox.make_job("load")
    done = sandbox.run(job_id).run_id
    active = sandbox.start(job_id)
    assert ids(sandbox, job_id, active_only=True) == [active]
    assert ids(sandbox, job_id, completed_only=True) == [done]
    sandbox.client.jobs.cancel_run(active)


def test_active_and_completed_together_are_refused(sandbox: Sandbox) -> None:
    with pytest.raises(InvalidParameterValue, match="cannot both be true"):
        list(sandbox.client.jobs.list_runs(active_only=True, completed_only=True))


def test_runs_are_listed_by_the_time_of_their_start(sandbox: Sandbox) -> None:
    job_id = sandbox.make_job("load")
    first, second = sandbox.run(job_id), sandbox.run(job_id)
    assert first.start_time is not None
    assert second.start_time is not None
    assert ids(sandbox, job_id, start_time_from=first.start_time + 1) == [second.run_id]
    assert ids(sandbox, job_id, start_time_to=second.start_time - 1) == [first.run_id]


def test_tasks_are_listed_with_their_runs_if_asked_for(sandbox: Sandbox) -> None:
    job_id = sandbox.make_job("extract", "load")
    sandbox.run(job_id)
    [run] = sandbox.client.jobs.list_runs(job_id=job_id, expand_tasks=True)
    assert [task.task_key for task in run.tasks or ()] == ["extract", "load"]


def test_a_run_of_many_tasks_is_listed_and_read_whole(sandbox: Sandbox) -> None:
    job_id = sandbox.make_job(*(f"t{number}" for number in range(105)))
    sandbox.play(tasks=[{"seconds": 0}])
    run = sandbox.run(job_id)
    assert len(run.tasks or ()) == 105
    [listed] = sandbox.client.jobs.list_runs(job_id=job_id, expand_tasks=True)
    assert len(listed.tasks or ()) == 105


def test_all_runs_of_a_job_are_cancelled_together(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"seconds": 60}])
    job_id = sandbox.make_job("slow", max_concurrent_runs=2, queue=QueueSettings(enabled=True))
    started = [sandbox.start(job_id) for _ in range(3)]
    sandbox.client.jobs.cancel_all_runs(job_id=job_id)
    ended = [sandbox.finished(run_id).as_dict()["state"]["result_state"] for run_id in started]
    assert ended == ["CANCELED", "CANCELED", "CANCELED"]


def test_only_queued_runs_can_be_cancelled(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"seconds": 60}])
    job_id = sandbox.make_job("slow", queue=QueueSettings(enabled=True))
    running, queued = sandbox.start(job_id), sandbox.start(job_id)
    sandbox.client.jobs.cancel_all_runs(job_id=job_id, all_queued_runs=True)
    assert sandbox.finished(queued).as_dict()["state"]["result_state"] == "CANCELED"
    assert ids(sandbox, job_id, active_only=True) == [running]
    sandbox.client.jobs.cancel_run(running)


def test_a_deleted_run_is_gone(sandbox: Sandbox) -> None:
    run_id = sandbox.run(sandbox.make_job("load")).run_id or 0
    sandbox.client.jobs.delete_run(run_id)
    with pytest.raises(ResourceDoesNotExist):
        sandbox.client.jobs.get_run(run_id)


def test_an_active_run_cannot_be_deleted(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"seconds": 60}])
    run_id = sandbox.start(sandbox.make_job("slow"))
    with pytest.raises(InvalidState):
        sandbox.client.jobs.delete_run(run_id)
    sandbox.client.jobs.cancel_run(run_id)
