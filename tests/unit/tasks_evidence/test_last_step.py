"""Where the last step of a failed task is read: a workspace keeps what is printed for some types of task only."""

from __future__ import annotations

import json

import pytest

from tasks.collect_evidence import last_step
from workspace.models import TaskOutput

TRACE = """ValueError                Traceback (most recent call last)
File /Workspace/Users/ann/files/src/load, line 4
       3 print("[Step 1/2] Read")
-->    4 read()
       5 print("[Step 2/2] Write")

ValueError: nothing to read"""


def told(**texts: str) -> str | None:
    return last_step(TaskOutput(task_key="load", run_id="1", **texts))


def test_a_python_tasks_last_step_is_the_last_that_it_printed() -> None:
    assert told(logs="[Step 1/2] Read\nrows: 3\n[Step 2/2] Write\n", error="[Step 9/9] x") == "[Step 2/2] Write"


def test_a_notebooks_last_step_stands_in_its_exit_json() -> None:
    document = {"status": "FAILED", "errors": {"planes": "[Step 2/3] Merge planes\nno such table"}}
    assert told(exit_value=json.dumps(document), error="[Step 9/9] x") == "[Step 2/3] Merge planes"


@pytest.mark.parametrize("field", ["error", "error_trace"])
def test_a_notebooks_last_step_stands_in_what_it_raised(field: str) -> None:
    assert told(**{field: "RuntimeError: [Step 2/3] Merge planes\nfailed"}) == "[Step 2/3] Merge planes"


def test_a_step_in_the_source_that_a_trace_quotes_was_not_necessarily_reached() -> None:
    assert told(error_trace=TRACE) is None


def test_a_task_that_tells_of_no_step_has_none() -> None:
    assert told(error="boom", exit_value="SUCCESS") is None
