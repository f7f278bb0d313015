"""Quality monitors on the real engine: what a refresh writes into the profile and the drift table."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.monitors.layout import DRIFT, PROFILE
from sandbox.monitors.plan import make_plan
from sandbox.monitors.refresh import Refresh, RefreshError
from sandbox.spark.compute import SparkCompute
from sandbox.statements import StatementService
from tests.sandbox.conftest import RunSql

pytestmark = pytest.mark.engine
DAY_MS = 24 * 3600 * 1000
DOUBLE = '{"metadata":{},"name":"output","nullable":true,"type":"double"}'
METRICS = [
    ("AGGREGATE", "total", [":table"], "sum(delay)"),
    ("AGGREGATE", "spread", ["delay"], "max(`{{input_column}}`) - min(`{{input_column}}`)"),
    ("DERIVED", "mean", [":table"], "total / NULLIF(count, 0)"),
    ("DRIFT", "change", [":table"], "{{current_df}}.total - {{base_df}}.total"),
]
Do = Callable[..., None]


@pytest.fixture(scope="module", autouse=True)
def _tables(compute: SparkCompute) -> None:
    service = StatementService(compute)
    for statement in (
        "CREATE SCHEMA IF NOT EXISTS main.watched",
        "CREATE SCHEMA IF NOT EXISTS main.watched_monitoring",
        """CREATE OR REPLACE TABLE main.watched.flights AS SELECT * FROM VALUES
        (TIMESTAMP'2013-01-01 05:00', 10.0D, 'JFK'), (TIMESTAMP'2013-01-01 23:59', 30.0D, NULL),
        (TIMESTAMP'2013-01-02 00:00', NULL, 'JFK'), (TIMESTAMP'2013-01-02 07:00', 0.0D, 'LGA'),
        (TIMESTAMP'2013-01-02 08:00', 90.0D, 'JFK'), (TIMESTAMP'2013-01-04 08:00', 5.0D, 'LGA')
        AS t(flown, delay, origin)""",
        "CREATE OR REPLACE TABLE main.watched.usual AS SELECT * FROM main.watched.flights WHERE delay < 50",
    ):
        assert service.run(statement).error_message is None


@pytest.fixture
def refresh(compute: SparkCompute) -> Do:
    def run(table: str, config: dict[str, Any], *, moment_ms: int = DAY_MS) -> None:
        plan = make_plan(table, {"output_schema_name": "main.watched_monitoring"} | config, 3)
        Refresh(StatementService(compute)).run(plan, moment_ms)

    return run


def in_monitoring(run_sql: RunSql) -> RunSql:
    """Statements in the schema of the metric tables."""
    return functools.partial(run_sql, catalog="main", schema="watched_monitoring")


def custom(*metrics: tuple[str, str, list[str], str]) -> list[dict[str, Any]]:
    return [
        {
            "type": f"CUSTOM_METRIC_TYPE_{kind}",
            "name": name,
            "input_columns": columns,
            "definition": definition,
            "output_data_type": DOUBLE,
        }
        for kind, name, columns, definition in metrics
    ]


def test_windows_slices_baseline_and_custom_metrics(refresh: Do, run_sql: RunSql) -> None:
    config = {
        "time_series": {"timestamp_col": "flown", "granularities": ["1 day"]},
        "slicing_exprs": ["origin = 'JFK'"],
        "baseline_table_name": "main.watched.usual",
        "custom_metrics": custom(*METRICS),
    }
    refresh("main.watched.flights", config)
    run_sql = in_monitoring(run_sql)
    columns = [str(row[0]) for row in run_sql("DESCRIBE flights_profile_metrics").rows]
    assert columns == [*PROFILE, "total", "spread", "mean"]
    assert [str(row[0]) for row in run_sql("DESCRIBE flights_drift_metrics").rows] == [*DRIFT, "change"]

    of_table = """SELECT date(window.start), date(window.end), granularity, monitor_version, count, total, mean, spread
        FROM flights_profile_metrics WHERE column_name = ':table' AND log_type = 'INPUT'
        AND slice_key IS NULL ORDER BY 1"""
    assert run_sql(of_table).rows == (
        ("2013-01-01", "2013-01-02", "1 day", "3", "2", "40.0", "20.0", None),
        ("2013-01-02", "2013-01-03", "1 day", "3", "3", "90.0", "30.0", None),
        ("2013-01-04", "2013-01-05", "1 day", "3", "1", "5.0", "5.0", None),
    )
    of_column = """SELECT count, num_nulls, avg, min, max, median, num_zeros, distinct_count, round(percent_null, 1),
        spread FROM flights_profile_metrics WHERE column_name = 'delay' AND date(window.start) = '2013-01-02'
        AND slice_key IS NULL"""
    assert run_sql(of_column).rows == (("2", "1", "45.0", "0.0", "90.0", "0.0", "1", "2", "33.3", "90.0"),)
    sliced = """SELECT slice_value, sum(count) FROM flights_profile_metrics WHERE slice_key = "origin = 'JFK'"
        AND column_name = ':table' AND log_type = 'INPUT' GROUP BY 1 ORDER BY 1"""
    assert run_sql(sliced).rows == (("false", "2"), ("null", "1"), ("true", "3"))

    changes = """SELECT drift_type, date(window.start), date(window_cmp.start), count_delta, change
        FROM flights_drift_metrics WHERE column_name = ':table' AND slice_key IS NULL ORDER BY 1, 2"""
    assert run_sql(changes).rows == (
        ("BASELINE", "2013-01-01", None, "-2", "-5.0"),
        ("BASELINE", "2013-01-02", None, "-1", "45.0"),
        ("BASELINE", "2013-01-04", None, "-3", "-40.0"),
        ("CONSECUTIVE", "2013-01-02", "2013-01-01", "1", "50.0"),
    )
    tested = """SELECT column_name, ks_test.statistic > 0, tv_distance > 0, js_distance > 0 FROM flights_drift_metrics
        WHERE drift_type = 'CONSECUTIVE' AND slice_key IS NULL AND column_name IN ('delay', 'origin') ORDER BY 1"""
    assert run_sql(tested).rows == (("delay", "true", None, "true"), ("origin", None, "true", "true"))


def test_snapshots_add_up_and_a_new_metric_becomes_a_column(refresh: Do, run_sql: RunSql) -> None:
    run_sql = in_monitoring(run_sql)
    table = "main.watched.usual"
    snapshot: dict[str, Any] = {"snapshot": {}}
    refresh(table, snapshot)
    assert run_sql("INSERT INTO main.watched.usual VALUES (current_timestamp(), 7.0D, 'EWR')").state == "SUCCEEDED"
    refresh(table, snapshot | {"custom_metrics": custom(METRICS[0])}, moment_ms=2 * DAY_MS)
    rows = run_sql("""SELECT date(window.start), window.start = window.end, count, total
        FROM usual_profile_metrics WHERE column_name = ':table' ORDER BY 1""").rows
    assert rows == (("1970-01-02", "true", "4", None), ("1970-01-03", "true", "5", "52.0"))
    drift = run_sql("""SELECT date(window.start), date(window_cmp.start), count_delta
        FROM usual_drift_metrics WHERE column_name = ':table'""").rows
    assert drift == (("1970-01-03", "1970-01-02", "1"),)


def test_predictions_are_compared_with_labels(refresh: Do, run_sql: RunSql) -> None:
    statement = """CREATE OR REPLACE TABLE main.watched.guesses AS SELECT * FROM VALUES
        (TIMESTAMP'2013-01-01 05:00', 'a', 'late', 'late'), (TIMESTAMP'2013-01-01 06:00', 'a', 'late', 'early'),
        (TIMESTAMP'2013-01-01 07:00', 'a', 'early', 'early'), (TIMESTAMP'2013-01-01 08:00', 'a', 'early', NULL)
        AS t(asked, model, guess, truth)"""
    assert run_sql(statement).error_message is None
    log = {
        "problem_type": "PROBLEM_TYPE_CLASSIFICATION",
        "timestamp_col": "asked",
        "granularities": ["1 hour", "1 day"],
        "prediction_col": "guess",
        "label_col": "truth",
        "model_id_col": "model",
    }
    refresh("main.watched.guesses", {"inference_log": log})
    scores = in_monitoring(run_sql)("""SELECT model, round(accuracy_score, 3), precision.one_vs_all['late'],
        recall.one_vs_all['late'], round(f1_score.macro, 3), aggregate(confusion_matrix, 0L, (s, x) -> s + x.count)
        FROM guesses_profile_metrics WHERE column_name = ':table' AND granularity = '1 day'""")
    assert scores.rows == (("a", "0.667", "0.5", "1.0", "0.667", "3"),)


def test_a_metric_that_cannot_be_computed_is_named(refresh: Do) -> None:
    wrong = custom(("AGGREGATE", "wrong", [":table"], "sum(delays)"))
    with pytest.raises(RefreshError, match=r"custom metric 'wrong': \[UNRESOLVED_COLUMN.*`delays`"):
        refresh("main.watched.flights", {"snapshot": {}, "custom_metrics": wrong})
