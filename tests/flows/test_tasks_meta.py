from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import pytest
from prefect import Task

import tasks
from tasks import retry_policies


def all_tasks() -> dict[str, Task[Any, Any]]:
    modules = [importlib.import_module(f"tasks.{module.name}") for module in pkgutil.iter_modules(tasks.__path__)]
    found = [value for module in modules for value in vars(module).values() if isinstance(value, Task)]
    return {task.fn.__qualname__: task for task in found}


def policy_of(policy: retry_policies.RetryPolicy) -> tuple[Any, ...]:
    names = ("retries", "retry_delay_seconds", "timeout_seconds", "retry_condition_fn")
    return tuple(dict(policy)[name] for name in names)


ALL = sorted(all_tasks().items())


def test_the_playbook_has_its_tasks() -> None:
    assert {"validate_bundle", "deploy_bundle", "start_run", "wait_for_run", "ask_questions"} <= dict(ALL).keys()


@pytest.mark.parametrize("task", [task for _, task in ALL], ids=[name for name, _ in ALL])
class TestEveryTask:
    def test_says_what_it_does(self, task: Task[Any, Any]) -> None:
        assert (task.fn.__doc__ or "").strip()

    def test_names_a_retry_policy(self, task: Task[Any, Any]) -> None:
        mine = (task.retries, task.retry_delay_seconds, task.timeout_seconds, task.retry_condition_fn)
        assert mine in [policy_of(one) for one in retry_policies.POLICIES]

    def test_has_no_tags_because_each_would_cost_a_concurrency_request(self, task: Task[Any, Any]) -> None:
        assert not task.tags

    def test_has_a_name_that_tells_its_runs_apart(self, task: Task[Any, Any]) -> None:
        assert task.task_run_name
