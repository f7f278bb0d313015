"""Reading notebooks and SQL files."""

from __future__ import annotations

import pytest

from sandbox.spark.cells import used_parameters
from sandbox.spark.errors import UnsupportedError
from sandbox.spark.notebook import Cell, cells_of
from sandbox.spark.sqltext import split_statements


def test_cells_keep_the_line_where_they_begin() -> None:
    text = "# Databricks notebook source\nx = 1\n\n# COMMAND ----------\n\n# DBTITLE 1,Two\ny = 2\nz = 3\n"
    assert cells_of(text, ".py") == [Cell("python", "x = 1\n", 2), Cell("python", "y = 2\nz = 3", 7)]


def test_magic_cells_have_their_own_language() -> None:
    text = (
        "# Databricks notebook source\n# MAGIC %md\n# MAGIC hello\n# COMMAND ----------\n# MAGIC %sql\n"
        "# MAGIC SELECT 1\n# COMMAND ----------\n# MAGIC %pip install humanize\n"
    )
    assert [(cell.language, cell.source.strip()) for cell in cells_of(text, ".py")][1:] == [
        ("sql", "SELECT 1"),
        ("pip", "install humanize"),
    ]


def test_lines_of_magic_are_cells_of_their_own() -> None:
    text = (
        "# Databricks notebook source\n# MAGIC %pip install a \\\n# MAGIC   b\n# MAGIC %restart_python\n"
        "# MAGIC x = 1\n# COMMAND ----------\n# MAGIC %sh -e\n# MAGIC ls\n# COMMAND ----------\n"
        "# MAGIC %run ./setup $day=1\n"
    )
    assert cells_of(text, ".py") == [
        Cell("pip", "install a b", 2),
        Cell("restart", "", 4),
        Cell("python", "x = 1", 5),
        Cell("sh", "-e\nls", 7),
        Cell("run", "./setup $day=1", 10),
    ]


def test_a_sql_notebook_has_sql_cells() -> None:
    text = "-- Databricks notebook source\nSELECT 1\n\n-- COMMAND ----------\n\n-- MAGIC %python\n-- MAGIC print(1)\n"
    assert [cell.language for cell in cells_of(text, ".sql")] == ["sql", "python"]


def test_a_file_without_the_header_is_one_cell() -> None:
    assert cells_of("print(1)\n", ".py") == [Cell("python", "print(1)\n", 1)]


def test_an_unknown_magic_is_refused_with_its_line() -> None:
    with pytest.raises(UnsupportedError, match=r"notebook magic %scala \(line 2\)"):
        cells_of("# Databricks notebook source\n# MAGIC %scala\n# MAGIC 1\n", ".py")


@pytest.mark.parametrize(
    ("sql", "statements"),
    [
        ("SELECT 1; SELECT 2;", ["SELECT 1", "SELECT 2"]),
        ("SELECT ';' -- a; b\n; /* ; */ SELECT 2", ["SELECT ';'", "SELECT 2"]),
        ("BEGIN SELECT 1; IF a THEN SELECT 2; END IF; END; SELECT 3", None),
        ("SELECT CASE WHEN a THEN 1 END; SELECT 2", ["SELECT CASE WHEN a THEN 1 END", "SELECT 2"]),
        ("-- nothing\n", []),
    ],
)
def test_statements_are_split_only_between_statements(sql: str, statements: list[str] | None) -> None:
    expected = ["BEGIN SELECT 1; IF a THEN SELECT 2; END IF; END", "SELECT 3"] if statements is None else statements
    assert split_statements(sql) == expected


def test_only_parameters_that_a_statement_marks_are_bound() -> None:
    values = {"day": "1", "field": "2", "n": "3"}
    assert used_parameters("SELECT document:field FROM t WHERE d =:day LIMIT :n", values) == {"day": "1", "n": "3"}
