"""One-time runs: `jobs/runs/submit`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from databricks.sdk.errors import BadRequest, InvalidParameterValue, ResourceDoesNotExist
from databricks.sdk.service.jobs import NotebookTask, RunType, SubmitTask, TaskDependency

if TYPE_CHECKING:
    from tests.contract.conftest import Sandbox


def notebook(key: str, *after: str, **fields: Any) -> SubmitTask:
    return SubmitTask(
        task_key=key,
        notebook_task=NotebookTask(notebook_path=f"/Workspace/Shared/{key}"),
        depends_on=[TaskDependency(task_key=name) for name in after],
        **fields,
    )


def submit(sandbox: Sandbox, *tasks: SubmitTask, **options: Any) -> int:
    waiter: Any = sandbox.client.jobs.submit(tasks=list(tasks), **options)
    return int(waiter.run_id)


def test_a_submitted_run_does_its_tasks_in_order(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"task": "load", "exit_value": "3 rows"}])
    run = sandbox.finished(submit(sandbox, notebook("extract"), notebook("load", "extract"), run_name="once"))
    assert (run.run_name, run.run_type) == ("once", RunType.SUBMIT_RUN)
    assert sandbox.results(run) == {"extract": "SUCCESS", "load": "SUCCESS"}
    output = sandbox.client.jobs.get_run_output(sandbox.task_run(run, "load").run_id or 0).notebook_output
    assert output is not None
    assert output.result == "3 rows"


def test_runs_are_listed_by_their_type(sandbox: Sandbox) -> None:
    submitted = submit(sandbox, notebook("load"))
    started = sandbox.start(sandbox.make_job("load"))
    listed = {run.run_id for run in sandbox.client.jobs.list_runs(run_type=RunType.SUBMIT_RUN)}
    assert submitted in listed
    assert started not in listed


def test_the_same_token_submits_one_run_only(sandbox: Sandbox) -> None:
    first = submit(sandbox, notebook("load"), idempotency_token="once-1")
    assert submit(sandbox, notebook("load"), idempotency_token="once-1") == first


def test_the_token_of_a_deleted_run_is_refused(sandbox: Sandbox) -> None:
    run_id = submit(sandbox, notebook("load"), idempotency_token="once-2")
    sandbox.finished(run_id)
    sandbox.client.jobs.delete_run(run_id)
    with pytest.raises(ResourceDoesNotExist):
        submit(sandbox, notebook("load"), idempotency_token="once-2")


def test_a_submitted_run_can_be_repaired(sandbox: Sandbox) -> None:
    sandbox.play(tasks=[{"task": "load", "state": "FAILED", "occurrence": 1}])
    run_id = submit(sandbox, notebook("extract"), notebook("load", "extract"), run_name="repaired")
    assert sandbox.results(sandbox.finished(run_id)) == {"extract": "SUCCESS", "load": "FAILED"}
    sandbox.client.jobs.repair_run(run_id, rerun_all_failed_tasks=True)
    assert sandbox.results(sandbox.finished(run_id)) == {"extract": "SUCCESS", "load": "SUCCESS"}


def test_a_submitted_run_without_tasks_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(InvalidParameterValue, match="At least one task"):
        sandbox.client.jobs.submit(run_name="nothing")


def test_output_is_refused_for_the_whole_submitted_run(sandbox: Sandbox) -> None:
    run_id = submit(sandbox, notebook("load"))
    with pytest.raises(BadRequest, match="Retrieving the output of runs with multiple tasks is not supported"):
        sandbox.client.jobs.get_run_output(run_id)
