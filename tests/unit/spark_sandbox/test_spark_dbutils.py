"""dbutils without an engine: widgets, task values, secrets, and what it lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sandbox.spark import secrets
from sandbox.spark.child_notebooks import NotebookNotFoundError, find_notebook
from sandbox.spark.dbutils import DbUtils
from sandbox.spark.errors import UnsupportedError
from sandbox.spark.paths import Mounts
from sandbox.spark.task_values import MOST_BYTES, TaskValues
from sandbox.spark.widgets import Widgets


def test_parameters_stand_over_the_defaults_of_widgets() -> None:
    widgets = Widgets({"day": "2"})
    widgets.text("day", "1")
    widgets.dropdown("size", "s", ["s", "m"])
    assert widgets.getAll() == {"day": "2", "size": "s"}
    widgets.removeAll()
    assert widgets.getAll() == {"day": "2"}
    assert widgets.getArgument("size", "l") == "l"


def test_task_values_are_json_of_a_limited_size() -> None:
    values = TaskValues({})
    values.set("rows", (1, 2))
    assert values.own == {"rows": [1, 2]}
    with pytest.raises(ValueError, match="has no JSON form"):
        values.set("frame", object())
    with pytest.raises(ValueError, match="larger than 48 KiB"):
        values.set("text", "x" * MOST_BYTES)


def test_a_task_value_that_was_not_set_is_an_error_unless_there_is_a_default() -> None:
    values = TaskValues({"load": {"rows": 0}})
    assert (values.get("load", "rows", default=5), values.get("load", "day", default="x")) == (0, "x")
    with pytest.raises(ValueError, match="Task key does not exist in run: nowhere"):
        values.get("nowhere", "rows", debugValue=1)
    with pytest.raises(ValueError, match="'day' was not found in task 'load'"):
        values.get("load", "day")


def test_secrets_are_read_from_the_workspace_and_redacted(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(what: str, **query: str) -> dict[str, Any]:
        assert (what, query) == ("get", {"scope": "kv", "key": "password"})
        return {"key": "password", "value": "aHVzaA=="}

    monkeypatch.setattr(secrets, "_ask", ask)
    found = secrets.Secrets()
    assert found.get("kv", "password") == "hush"
    assert found.redact("the password is hush") == "the password is [REDACTED]"


def test_what_dbutils_lacks_is_refused_by_name() -> None:
    dbutils = DbUtils({"parameters": {}, "workspace_path": "/a", "remote": ""}, Mounts({}))
    with pytest.raises(UnsupportedError, match=r"dbutils\.credentials"):
        dbutils.credentials  # noqa: B018 - reading it is the test
    with pytest.raises(UnsupportedError, match=r"dbutils\.fs\.mount"):
        dbutils.fs.mount("x")


def test_notebooks_are_found_relative_to_the_one_that_names_them(tmp_path: Path) -> None:
    (tmp_path / "Users/ann/lib").mkdir(parents=True)
    (tmp_path / "Users/ann/lib/setup.py").write_text("# Databricks notebook source\n")
    (tmp_path / "Users/ann/plain.py").write_text("x = 1\n")
    mounts = Mounts({"/Workspace": tmp_path})
    expected = ("/Workspace/Users/ann/lib/setup", tmp_path / "Users/ann/lib/setup.py")
    assert find_notebook("../lib/setup", "/Workspace/Users/ann/src/main", mounts) == expected
    assert find_notebook("/Users/ann/lib/setup.py", "/Users/ann/src/main", mounts) == expected
    with pytest.raises(NotebookNotFoundError, match="Notebook not found: plain"):
        find_notebook("plain", "/Workspace/Users/ann/main", mounts)
