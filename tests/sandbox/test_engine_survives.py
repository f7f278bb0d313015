"""The sandbox when its Spark server dies, and when it starts again."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from sandbox.spark.engine import Engine
from tests.sandbox.conftest import RunNotebook, RunSql

pytestmark = pytest.mark.engine


def test_a_killed_server_ends_its_tasks_and_comes_back_with_its_tables(
    engine: Engine, run_notebook: RunNotebook, run_sql: RunSql
) -> None:
    assert run_sql("CREATE OR REPLACE TABLE main.default.kept AS SELECT 7 AS n").state == "SUCCEEDED"
    assert engine.pid is not None
    threading.Timer(3, os.killpg, (engine.pid, signal.SIGKILL)).start()
    done = run_notebook("import time\nspark.range(1).count()\ntime.sleep(120)")
    assert done.state == "INTERNAL_ERROR"
    assert "driver has stopped unexpectedly" in (done.error or "")
    assert run_sql("SELECT n FROM main.default.kept").rows == (("7",),)
