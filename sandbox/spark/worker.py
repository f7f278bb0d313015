"""One job in a process of its own: a task attempt, a statement, or the interruption of another session.

A job is a JSON document; its result is written as one to the file that the job names. Started by the zygote, forked or,
for a task with dependencies, as `python -m sandbox.spark.worker JOB` of the task's environment.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sandbox.spark import client, traces
from sandbox.spark.cells import RestartError
from sandbox.spark.rows import rows_of
from sandbox.spark.user_code import UserCode

Job = Mapping[str, Any]


def main(job: Job) -> None:
    """Run a job and write its result; what user code raises is part of the result."""
    root = Path(job.get("workspace_root", "/"))
    task: UserCode | None = None
    try:
        spark = client.connect(job)
        task = UserCode(spark, job) if job["kind"] not in _KINDS else None
        result = task.run() if task else _KINDS[job["kind"]](spark, job)
    except RestartError as restart:
        if task:
            task.restart(restart.next_cell)
        raise
    except BaseException as error:  # noqa: BLE001 - user code may raise anything, and all of it is reported
        result = _failure(error, root)
    if task:
        result = _finished(result, task)
    sys.stdout.flush()
    target = Path(job["result"])
    partial = target.with_suffix(".part")
    partial.write_text(json.dumps(result), encoding="utf-8")
    partial.rename(target)


def _finished(result: dict[str, Any], task: UserCode) -> dict[str, Any]:
    redact = task.dbutils.secrets.redact
    told = {name: redact(result[name]) for name in ("error", "error_trace") if result.get(name)}
    return {**result, **told, "task_values": task.dbutils.jobs.taskValues.own}


def _failure(error: BaseException, root: Path) -> dict[str, Any]:
    text = traces.trace(error, root)
    print(text)
    state = getattr(error, "getSqlState", lambda: None)()
    short = traces.short_form(error)
    return {"ok": False, "error": short, "error_trace": text, "sql_state": state}


def _script(spark: Any, job: Job) -> dict[str, Any]:
    for statement in job["statements"]:
        spark.sql(statement).collect()
    return {"ok": True}


def _statement(spark: Any, job: Job) -> dict[str, Any]:
    for statement in job["context"]:
        spark.sql(statement)
    frame = client.run_sql(spark, job["statement"], job["parameters"])
    return {"ok": True, **rows_of(frame, job["row_limit"])}


def _interrupt(spark: Any, job: Job) -> dict[str, Any]:
    del job
    return {"ok": True, "interrupted": len(spark.interruptAll())}


_KINDS: dict[str, Callable[[Any, Job], dict[str, Any]]] = {
    "statement": _statement,
    "script": _script,
    "interrupt": _interrupt,
}


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    sys.stdout.flush()
    os._exit(0)  # Spark's client keeps threads that would hold the process back
