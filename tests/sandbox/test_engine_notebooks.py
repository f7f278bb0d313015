"""What a notebook task of the sandbox does and says."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from sandbox.compute import StatementResult
from sandbox.layout import USER_NAME
from tests.sandbox.conftest import RunNotebook, RunSql

pytestmark = pytest.mark.engine


def test_a_notebook_writes_a_delta_table_and_exits_with_json(run_notebook: RunNotebook, run_sql: RunSql) -> None:
    done = run_notebook(
        "import json\nspark.sql('CREATE SCHEMA IF NOT EXISTS main.bronze')",
        "spark.range(3).write.mode('overwrite').saveAsTable('main.bronze.numbers')",
        "dbutils.notebook.exit(json.dumps({'rows': spark.table('main.bronze.numbers').count()}))",
    )
    assert (done.state, json.loads(done.exit_value or "")) == ("SUCCESS", {"rows": 3})
    detail = run_sql("DESCRIBE DETAIL main.bronze.numbers")
    assert detail.state == "SUCCEEDED", detail.error_message
    assert detail.rows[0][0] == "delta"


def test_a_missing_table_is_reported_with_class_sqlstate_and_line(run_notebook: RunNotebook) -> None:
    done = run_notebook("x = 1", "spark.table('main.bronze.nowhere').count()")
    assert done.state == "FAILED"
    assert (done.error or "").startswith("[TABLE_OR_VIEW_NOT_FOUND] The table or view `main`.`bronze`.`nowhere` cannot")
    assert "SQLSTATE: 42P01" in (done.error or "")
    assert "File /Workspace/Users/ann/bundle/files/src/load, line 4" in (done.error_trace or "")


def test_a_merge_with_duplicate_source_rows_fails_as_on_databricks(run_notebook: RunNotebook) -> None:
    done = run_notebook(
        "# MAGIC %sql\n# MAGIC CREATE SCHEMA IF NOT EXISTS main.gold;\n"
        "# MAGIC CREATE OR REPLACE TABLE main.gold.dim (id INT, name STRING);\n"
        "# MAGIC INSERT INTO main.gold.dim VALUES (1, 'a')",
        "# MAGIC %sql\n# MAGIC MERGE INTO main.gold.dim t\n"
        "# MAGIC USING (SELECT 1 AS id, explode(array('b', 'c')) AS name) s ON t.id = s.id\n"
        "# MAGIC WHEN MATCHED THEN UPDATE SET name = s.name",
    )
    assert "[DELTA_MULTIPLE_SOURCE_ROW_MATCHING_TARGET_ROW_IN_MERGE]" in (done.error or "")


def test_a_missing_module_is_reported_as_python_says_it(run_notebook: RunNotebook) -> None:
    done = run_notebook("import roman")
    assert (done.state, done.error) == ("FAILED", "ModuleNotFoundError: No module named 'roman'")


def test_a_dependency_of_the_task_is_importable(run_notebook: RunNotebook) -> None:
    done = run_notebook("import roman\ndbutils.notebook.exit(roman.toRoman(14))", dependencies=("roman",))
    assert (done.state, done.exit_value) == ("SUCCESS", "XIV")


def test_a_dependency_that_does_not_exist_fails_the_installation(run_notebook: RunNotebook) -> None:
    done = run_notebook("print(1)", dependencies=("roman==0.0.0.1",))
    assert done.state == "FAILED"
    assert (done.error or "").startswith("Library installation failed for roman==0.0.0.1")


def test_a_widget_that_nobody_passes_is_not_defined(run_notebook: RunNotebook) -> None:
    done = run_notebook("dbutils.widgets.get('day')", parameters={"month": "1"})
    expected = "com.databricks.dbutils_v1.InputWidgetNotDefined: No input widget named day is defined"
    assert done.error == expected


def test_modules_below_the_bundle_root_are_importable(run_notebook: RunNotebook, workspace: Path) -> None:
    (workspace / "Users/ann/bundle/files/src/helper.py").write_text("def boom(): raise ValueError('no')\n")
    done = run_notebook("from src.helper import boom", "boom()")
    assert done.error == "ValueError: no"
    assert "File /Workspace/Users/ann/bundle/files/src/helper.py:1, in boom" in (done.error_trace or "")


def test_parameters_reach_sql_cells_and_spark_sql(run_notebook: RunNotebook) -> None:
    done = run_notebook(
        "# MAGIC %sql\n# MAGIC SELECT :day AS day",
        "row = spark.sql('SELECT :n + 1 AS n', args={'n': 4}).first()\n"
        "dbutils.notebook.exit(f'{_sqldf.first().day} {row.n}')",
        parameters={"day": "it's today"},
    )
    assert done.exit_value == "it's today 5"


def test_what_only_databricks_has_is_called_unsupported(run_notebook: RunNotebook) -> None:
    done = run_notebook("spark.sql('UNDROP TABLE main.bronze.t')")
    assert (done.error or "").startswith("SANDBOX_UNSUPPORTED: UNDROP TABLE")


def test_a_cancelled_task_ends_soon(run_notebook: RunNotebook) -> None:
    cancel = threading.Event()
    threading.Timer(3, cancel.set).start()
    done = run_notebook("print('begun')\nimport time\ntime.sleep(120)", cancel=cancel)
    assert done.state == "CANCELED"
    assert "begun" in done.logs


def test_a_task_over_its_time_limit_is_ended(run_notebook: RunNotebook) -> None:
    done = run_notebook("import time\ntime.sleep(120)", timeout_seconds=2)
    assert done.state == "TIMEDOUT"


def test_a_statement_fails_with_class_and_sqlstate(run_sql: RunSql) -> None:
    failed: StatementResult = run_sql("SELECT nope FROM range(1)")
    assert (failed.state, failed.error_code, failed.sql_state) == ("FAILED", "BAD_REQUEST", "42703")
    assert (failed.error_message or "").startswith("[UNRESOLVED_COLUMN")


def test_a_statement_returns_text_rows_in_its_context(run_sql: RunSql) -> None:
    done = run_sql(
        "SELECT current_catalog(), :n + 1 AS n, CAST(NULL AS STRING) AS nothing",
        catalog="main",
        schema="default",
        parameters=({"name": "n", "value": "4", "type": "INT"},),
    )
    assert (done.state, done.rows) == ("SUCCEEDED", (("main", "5", None),))


def test_data_that_looks_like_sparks_name_of_the_catalog_stays_as_it_is(run_sql: RunSql) -> None:
    assert run_sql("SELECT 'spark_catalog.x'").rows == (("spark_catalog.x",),)
    assert run_sql("SELECT 'spark_catalog.x', current_catalog()").rows == (("spark_catalog.x", "main"),)


def test_the_name_of_the_catalog_is_the_users_in_descriptions_and_errors(run_sql: RunSql) -> None:
    assert run_sql("CREATE OR REPLACE TABLE main.default.named (a INT)").state == "SUCCEEDED"
    assert run_sql("DESCRIBE DETAIL main.default.named").rows[0][2] == "main.default.named"
    assert "`main`.`default`.`gone`" in (run_sql("SELECT * FROM main.default.gone").error_message or "")


def test_the_definition_of_a_delta_table_is_called_unsupported(run_sql: RunSql) -> None:
    assert run_sql("CREATE OR REPLACE TABLE main.default.defined (a INT)").state == "SUCCEEDED"
    refused = run_sql("SHOW CREATE TABLE main.default.defined").error_message or ""
    assert "SANDBOX_UNSUPPORTED: SHOW CREATE TABLE" in refused


def test_the_current_user_is_the_workspaces(run_sql: RunSql) -> None:
    assert run_sql("SELECT current_user()").rows == ((USER_NAME,),)


def test_columns_of_a_statement_have_the_types_of_the_api(run_sql: RunSql) -> None:
    columns = run_sql("SELECT named_struct('aB', 1) AS s, 'x' COLLATE UTF8_LCASE AS c, 1L AS n").columns
    assert [column["type_name"] for column in columns] == ["STRUCT", "STRING", "LONG"]
    assert columns[0]["type_text"] == "STRUCT<aB:INT>"


def test_an_unknown_catalog_is_named(run_sql: RunSql) -> None:
    failed = run_sql("CREATE TABLE nowhere.s.t (a INT)")
    assert (failed.error_message or "").startswith("[NO_SUCH_CATALOG_EXCEPTION] Catalog 'nowhere' was not found.")


@pytest.mark.parametrize("module", ["yaml", "prefect", "tasks", "flows"])
def test_what_only_the_operator_has_is_not_importable(run_notebook: RunNotebook, module: str) -> None:
    done = run_notebook(f"import {module}")
    assert done.error == f"ModuleNotFoundError: No module named '{module}'"


def test_a_task_with_dependencies_sees_no_more_than_it_declares(run_notebook: RunNotebook) -> None:
    cell = "import importlib.util as u\ndbutils.notebook.exit(str([bool(u.find_spec(n)) for n in ('roman', 'yaml')]))"
    assert run_notebook(cell, dependencies=("roman",)).exit_value == "[True, False]"


def test_a_package_named_as_one_of_the_operators_is_the_bundles_own(run_notebook: RunNotebook, workspace: Path) -> None:
    package = workspace / "Users/ann/bundle/files/tasks"
    package.mkdir()
    (package / "__init__.py").write_text("OWNER = 'bundle'\n", encoding="utf-8")
    assert run_notebook("import tasks\ndbutils.notebook.exit(tasks.OWNER)").exit_value == "bundle"


def test_what_serverless_environments_have_is_importable(run_notebook: RunNotebook) -> None:
    done = run_notebook(
        "import numpy, pandas, pyarrow, requests, six, dateutil, pytz, databricks.sdk, pyspark.sql.functions\n"
        "frame = spark.range(2).toPandas()\ndbutils.notebook.exit(str(len(frame)))"
    )
    assert (done.error, done.exit_value) == (None, "2")
