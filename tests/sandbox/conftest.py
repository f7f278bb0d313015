"""One Spark engine for all tests of this folder, and short ways to run work on it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.compute import StatementRequest, StatementResult, TaskRequest, TaskResult
from sandbox.spark.compute import SparkCompute
from sandbox.spark.engine import Engine

NOTEBOOK_PATH = "/Workspace/Users/ann/bundle/files/src/load"

RunNotebook = Callable[..., TaskResult]
RunSql = Callable[..., StatementResult]


@pytest.fixture(scope="session")
def compute(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkCompute]:
    compute = SparkCompute(tmp_path_factory.mktemp("state"))
    with pytest.MonkeyPatch.context() as machine:
        machine.setenv("TZ", "America/New_York")  # far from UTC, which is what work in the sandbox has to see
        compute.start()
        try:
            compute.wait_until_ready(180)
            yield compute
        finally:
            compute.stop()


@pytest.fixture(scope="session")
def engine(compute: SparkCompute) -> Engine:
    return compute.engine


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "workspace"
    (root / "Users/ann/bundle/files/src").mkdir(parents=True)
    return root


@pytest.fixture
def run_notebook(compute: SparkCompute, workspace: Path) -> RunNotebook:
    def run(*cells: str, cancel: threading.Event | None = None, **request: Any) -> TaskResult:
        source = workspace / "Users/ann/bundle/files/src/load.py"
        source.write_text("# Databricks notebook source\n" + "\n# COMMAND ----------\n".join(cells), encoding="utf-8")
        settings = {"task_run_id": 1, "job_name": "load", "task_key": "load", "kind": "notebook", **request}
        task = TaskRequest(source=source, workspace_path=NOTEBOOK_PATH, workspace_root=workspace, **settings)
        return compute.run_task(task, cancel or threading.Event())

    return run


@pytest.fixture(scope="session")
def run_all(compute: SparkCompute) -> RunSql:
    """Runs statements in turn; each has to succeed."""

    def run(*statements: str) -> StatementResult:
        for statement in statements:
            request = StatementRequest(statement_id="s", statement=statement)
            done = compute.run_statement(request, threading.Event())
            assert done.state == "SUCCEEDED", f"{statement}: {done.error_message}"
        return done

    return run


@pytest.fixture
def run_sql(compute: SparkCompute) -> RunSql:
    def run(statement: str, **request: Any) -> StatementResult:
        return compute.run_statement(
            StatementRequest(statement_id="s", statement=statement, **request), threading.Event()
        )

    return run
