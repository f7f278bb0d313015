"""The rewrite layer: what changes on the way to Spark, and what must not."""

from __future__ import annotations

import pytest

from sandbox.spark import rewrite
from sandbox.spark.errors import UnsupportedError


@pytest.mark.parametrize(
    ("databricks", "spark"),
    [
        ("SELECT * FROM main.s.t", "SELECT * FROM spark_catalog.s.t"),
        ("SELECT `main`.s.t.c FROM `main`.`s`.`t`", "SELECT spark_catalog.s.t.c FROM spark_catalog.`s`.`t`"),
        ("CREATE SCHEMA IF NOT EXISTS main.s", "CREATE SCHEMA IF NOT EXISTS spark_catalog.s"),
        ("DROP SCHEMA main.s CASCADE", "DROP SCHEMA spark_catalog.s CASCADE"),
        ("SHOW TABLES IN main.s", "SHOW TABLES IN spark_catalog.s"),
        ("OPTIMIZE main.s.t", "OPTIMIZE spark_catalog.s.t"),
        ("SELECT * FROM IDENTIFIER('main.s.t')", "SELECT * FROM spark_catalog.s.t"),
    ],
)
def test_the_catalog_main_becomes_sparks_own(databricks: str, spark: str) -> None:
    assert rewrite.to_spark(databricks) == spark


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 'main.s.t' AS text -- main.s.t",
        "SELECT a FROM main.t",
        "SELECT other.main.c FROM other.main",
        "SELECT 'unclosed",
    ],
)
def test_text_that_does_not_name_the_catalog_stays_as_written(sql: str) -> None:
    assert rewrite.to_spark(sql) == sql


def test_automatic_clustering_is_left_out() -> None:
    assert (
        rewrite.to_spark("CREATE TABLE t (a INT) CLUSTER BY AUTO COMMENT 'c'") == "CREATE TABLE t (a INT)  COMMENT 'c'"
    )


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("CREATE EXTERNAL VOLUME main.s.v LOCATION 's3://x'", "CREATE EXTERNAL VOLUME"),
        ("CREATE OR REFRESH STREAMING TABLE t", "CREATE STREAMING TABLE"),
        ("SELECT * FROM read_files('/x')", "read_files()"),
        ("SELECT * FROM csv.`x` WHERE p = '/Volumes/main/s/v'", "volume path /Volumes/main/s/v"),
    ],
)
def test_what_only_databricks_has_is_refused_by_name(sql: str, what: str) -> None:
    with pytest.raises(UnsupportedError, match="SANDBOX_UNSUPPORTED: ") as refused:
        rewrite.to_spark(sql)
    assert f": {what} (line 1" in str(refused.value)


def test_error_texts_name_the_catalog_as_the_user_does() -> None:
    assert rewrite.from_spark("The table `spark_catalog`.`s`.`t` cannot") == "The table `main`.`s`.`t` cannot"
