"""Times in the sandbox are those of UTC, as on Databricks; the machine of these tests is in New York."""

from __future__ import annotations

import json

import pytest

from tests.sandbox.conftest import RunNotebook, RunSql

pytestmark = pytest.mark.engine

NOON = "2024-07-01T12:00:00"


def test_a_statement_shows_times_in_utc_and_those_without_zone_as_they_are(run_sql: RunSql) -> None:
    done = run_sql(
        "SELECT TIMESTAMP '2024-07-01 12:00:00' AS t, TIMESTAMP_NTZ '2024-07-01 12:00:00' AS local, current_timezone()"
    )
    assert done.rows == ((f"{NOON}.000Z", f"{NOON}.000", "UTC"),)


def test_a_notebook_a_python_function_of_sql_and_spark_agree_on_a_time(run_notebook: RunNotebook) -> None:
    done = run_notebook(
        "import datetime as dt, json\nfrom pyspark.sql.functions import col, udf\n"
        "frame = spark.createDataFrame([(dt.datetime(2024, 7, 1, 12),)], 't timestamp')",
        "row = frame.select('t', col('t').cast('string').alias('s'), udf(lambda t: t.isoformat())('t').alias('u'))",
        "t, s, u = row.first()\ndbutils.notebook.exit(json.dumps([t.isoformat(), s.replace(' ', 'T'), u]))",
    )
    assert json.loads(done.exit_value or "null") == [NOON, NOON, NOON], done.error


def test_the_clock_of_a_notebook_shows_utc(run_notebook: RunNotebook) -> None:
    done = run_notebook("import time\ndbutils.notebook.exit(f'{time.tzname[0]} {time.timezone}')")
    assert done.exit_value == "UTC 0"
