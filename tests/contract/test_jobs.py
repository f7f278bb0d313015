"""Jobs through databricks-sdk-py: create, get, list, update, reset, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from databricks.sdk.errors import InvalidParameterValue, ResourceDoesNotExist
from databricks.sdk.service.jobs import (
    JobParameterDefinition,
    JobRunAs,
    JobSettings,
    NotebookTask,
    Task,
    TaskDependency,
)

if TYPE_CHECKING:
    from tests.contract.conftest import Sandbox


def notebook(key: str, path: str = "/Workspace/Shared/load") -> Task:
    return Task(task_key=key, notebook_task=NotebookTask(notebook_path=path))


def settings_of(sandbox: Sandbox, job_id: int) -> JobSettings:
    settings = sandbox.client.jobs.get(job_id).settings
    assert settings is not None
    return settings


def test_a_job_is_read_back_as_it_was_created(sandbox: Sandbox) -> None:
    job_id = sandbox.job_of(notebook("load"), name="[dev me] load", tags={"layer": "gold"}, timeout_seconds=60)
    settings = settings_of(sandbox, job_id)
    assert (settings.name, settings.tags, settings.timeout_seconds) == ("[dev me] load", {"layer": "gold"}, 60)
    assert [task.task_key for task in settings.tasks or ()] == ["load"]


def test_a_job_of_many_tasks_comes_in_pages_that_the_sdk_puts_together(sandbox: Sandbox) -> None:
    keys = [f"t{number:03d}" for number in range(120)]
    job_id = sandbox.job_of(*(notebook(key) for key in keys))
    first = sandbox.client.api_client.do("GET", "/api/2.2/jobs/get", query={"job_id": job_id})
    assert isinstance(first, dict)
    assert len(first["settings"]["tasks"]) == 100
    assert [task.task_key for task in settings_of(sandbox, job_id).tasks or ()] == keys


def test_version_2_1_of_the_api_has_no_pages_of_tasks(sandbox: Sandbox) -> None:
    job_id = sandbox.job_of(*(notebook(f"t{number}") for number in range(101)))
    whole = sandbox.client.api_client.do("GET", "/api/2.1/jobs/get", query={"job_id": job_id})
    assert isinstance(whole, dict)
    assert len(whole["settings"]["tasks"]) == 101


def test_jobs_are_listed_newest_first_over_several_pages(sandbox: Sandbox) -> None:
    made = [sandbox.job_of(notebook("load")) for _ in range(5)]
    listed = [job.job_id for _, job in zip(range(5), sandbox.client.jobs.list(limit=2), strict=False)]
    assert listed == made[::-1]


def test_the_previous_page_of_jobs_is_found_again(sandbox: Sandbox) -> None:
    for _ in range(4):
        sandbox.job_of(notebook("load"), name="paged")
    first = sandbox.client.api_client.do("GET", "/api/2.2/jobs/list", query={"name": "paged", "limit": 2})
    assert isinstance(first, dict)
    query = {"name": "paged", "limit": 2, "page_token": first["next_page_token"]}
    second = sandbox.client.api_client.do("GET", "/api/2.2/jobs/list", query=query)
    assert isinstance(second, dict)
    assert (second["has_more"], "next_page_token" in second) == (False, False)
    again = sandbox.client.api_client.do(
        "GET", "/api/2.2/jobs/list", query=query | {"page_token": second["prev_page_token"]}
    )
    assert isinstance(again, dict)
    assert again["jobs"] == first["jobs"]


def test_jobs_are_found_by_their_exact_name_whatever_its_case(sandbox: Sandbox) -> None:
    job_id = sandbox.job_of(notebook("load"), name="Find Me")
    sandbox.job_of(notebook("load"), name="Find Me Not")
    assert [job.job_id for job in sandbox.client.jobs.list(name="find me")] == [job_id]


@pytest.mark.parametrize("expand_tasks", [True, False])
def test_tasks_are_listed_only_if_asked_for(sandbox: Sandbox, *, expand_tasks: bool) -> None:
    name = f"expand {expand_tasks}"
    sandbox.job_of(notebook("load"), name=name)
    [job] = sandbox.client.jobs.list(name=name, expand_tasks=expand_tasks)
    assert job.settings is not None
    assert bool(job.settings.tasks) is expand_tasks


def test_an_update_merges_arrays_by_key_and_replaces_other_fields(sandbox: Sandbox) -> None:
    job_id = sandbox.job_of(
        notebook("extract"),
        notebook("load"),
        tags={"a": "1"},
        parameters=[JobParameterDefinition(name="day", default="1")],
    )
    changes = JobSettings(
        tasks=[notebook("load", "/Workspace/Shared/new"), notebook("publish")],
        tags={"b": "2"},
        parameters=[JobParameterDefinition(name="month", default="2")],
    )
    sandbox.client.jobs.update(job_id, new_settings=changes)
    settings = settings_of(sandbox, job_id)
    paths = {task.task_key: task.notebook_task.notebook_path for task in settings.tasks or () if task.notebook_task}
    assert paths == {
        "extract": "/Workspace/Shared/load",
        "load": "/Workspace/Shared/new",
        "publish": "/Workspace/Shared/load",
    }
    assert settings.tags == {"b": "2"}
    assert [parameter.name for parameter in settings.parameters or ()] == ["day", "month"]


def test_an_update_removes_fields_and_single_tasks(sandbox: Sandbox) -> None:
    job_id = sandbox.job_of(notebook("extract"), notebook("load"), tags={"a": "1"})
    sandbox.client.jobs.update(job_id, fields_to_remove=["tags", "tasks/extract"])
    settings = settings_of(sandbox, job_id)
    assert (settings.tags, [task.task_key for task in settings.tasks or ()]) == (None, ["load"])


def test_a_reset_replaces_all_settings(sandbox: Sandbox) -> None:
    job_id = sandbox.job_of(notebook("extract"), tags={"a": "1"})
    sandbox.client.jobs.reset(job_id, JobSettings(name="new", tasks=[notebook("load")]))
    settings = settings_of(sandbox, job_id)
    assert (settings.name, settings.tags, [t.task_key for t in settings.tasks or ()]) == ("new", None, ["load"])


def test_a_deleted_job_is_gone_and_its_runs_stay(sandbox: Sandbox) -> None:
    job_id = sandbox.job_of(notebook("load"))
    run = sandbox.run(job_id)
    sandbox.client.jobs.delete(job_id)
    with pytest.raises(ResourceDoesNotExist, match=f"Job {job_id} does not exist"):
        sandbox.client.jobs.get(job_id)
    assert sandbox.client.jobs.get_run(run.run_id or 0).job_id == job_id


def test_settings_that_cannot_run_are_refused_in_the_words_of_the_api(sandbox: Sandbox) -> None:
    task = notebook("load")
    task.depends_on = [TaskDependency(task_key="load")]
    with pytest.raises(InvalidParameterValue, match="Invalid dependency graph, task 'load' can not reference itself"):
        sandbox.job_of(task)


def test_a_job_of_another_user_belongs_to_that_user_and_runs_with_their_rights(sandbox: Sandbox) -> None:
    second = sandbox.client_of("second")
    name = second.current_user.me().user_name
    job = second.jobs.create(name="theirs", tasks=[notebook("load")])
    shown = sandbox.client.jobs.get(job.job_id or 0)
    assert (shown.creator_user_name, shown.run_as_user_name) == (name, name)
    run = sandbox.client.jobs.get_run(sandbox.start(job.job_id or 0))
    assert run.creator_user_name == sandbox.client.current_user.me().user_name
    lent = JobSettings(name="lent", tasks=[notebook("load")], run_as=JobRunAs(user_name="other@example.com"))
    sandbox.client.jobs.reset(job.job_id or 0, lent)
    assert sandbox.client.jobs.get(job.job_id or 0).run_as_user_name == "other@example.com"
