from __future__ import annotations

import pytest

from sandbox.spark.errors import UnsupportedError
from sandbox.spark.pipeline_expectations import Expectation
from sandbox.spark.pipeline_sql import translate


def test_configuration_values_stand_for_their_keys() -> None:
    source = translate(
        "CREATE STREAMING TABLE t AS SELECT * FROM STREAM(${catalog}.${schema}.raw)", {"catalog": "main", "schema": "b"}
    )

    assert source.text == "CREATE STREAMING TABLE t  AS SELECT * FROM STREAM(spark_catalog.b.raw)"


def test_expectations_leave_the_text_and_columns_stay() -> None:
    source = translate(
        "CREATE OR REFRESH STREAMING TABLE t (a INT, CONSTRAINT x EXPECT (a > 0), CONSTRAINT y EXPECT (f(a) OR b) "
        "ON VIOLATION FAIL UPDATE, b STRING) COMMENT 'as it is' AS SELECT 1",
        {},
    )

    assert source.datasets[0].expectations == (Expectation("x", "a > 0", "warn"), Expectation("y", "f(a) OR b", "fail"))
    assert " ".join(source.text.split()) == "CREATE STREAMING TABLE t (a INT, b STRING) COMMENT 'as it is'"


def test_a_list_of_nothing_but_expectations_goes_altogether() -> None:
    text = "CREATE STREAMING TABLE t (CONSTRAINT x EXPECT (a), CONSTRAINT y EXPECT (b)) COMMENT 'c' AS SELECT 1"

    assert " ".join(translate(text, {}).text.split()) == "CREATE STREAMING TABLE t COMMENT 'c'"


def test_a_materialized_view_keeps_its_query_and_drops_rows() -> None:
    text = "CREATE MATERIALIZED VIEW v (CONSTRAINT x EXPECT (n > 1) ON VIOLATION DROP ROW) AS SELECT n FROM s"

    translated = translate(text, {}).text

    assert translated == "CREATE MATERIALIZED VIEW v  AS SELECT * FROM (SELECT n FROM s) WHERE coalesce((n > 1), false)"


def test_several_statements_keep_their_lines() -> None:
    source = translate(
        "-- tables\nCREATE STREAMING TABLE a AS SELECT 1;\n\nCREATE STREAMING TABLE b AS SELECT 2;\n", {}
    )

    assert [(one.name, one.line) for one in source.datasets] == [("a", 2), ("b", 4)]
    assert source.text.count(";\n") == 1


def test_clustering_by_auto_is_left_out_and_other_clustering_kept() -> None:
    assert "CLUSTER" not in translate("CREATE STREAMING TABLE a CLUSTER BY AUTO AS SELECT 1", {}).text
    assert "CLUSTER BY (x)" in translate("CREATE STREAMING TABLE a CLUSTER BY (x) AS SELECT 1", {}).text


def test_what_only_databricks_runs_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="SANDBOX_UNSUPPORTED: read_files"):
        translate("CREATE STREAMING TABLE a AS SELECT * FROM STREAM read_files('/data')", {})
