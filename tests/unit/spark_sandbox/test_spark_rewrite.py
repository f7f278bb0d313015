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
        ("SHOW SCHEMAS IN main", "SHOW SCHEMAS IN spark_catalog"),
        ("USE CATALOG main", "SET CATALOG 'spark_catalog'"),
        ("OPTIMIZE main.s.t", "OPTIMIZE spark_catalog.s.t"),
        ("SELECT * FROM IDENTIFIER('main.s.t')", "SELECT * FROM IDENTIFIER('spark_catalog.s.t')"),
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


def test_keys_are_left_out_of_create_table() -> None:
    sql = (
        "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, d INT, CONSTRAINT f FOREIGN KEY (d) REFERENCES main.s.d (id) "
        "ON DELETE NO ACTION NOT ENFORCED) TBLPROPERTIES ('a' = 'b')"
    )
    expected = "CREATE TABLE t (id INT NOT NULL , d INT) TBLPROPERTIES ('a' = 'b')"
    assert rewrite.to_spark(sql) == expected


def test_an_added_key_is_kept_as_a_table_property() -> None:
    sql = rewrite.to_spark("ALTER TABLE main.s.t ADD CONSTRAINT pk PRIMARY KEY (id)")
    assert sql == "ALTER TABLE spark_catalog.s.t SET TBLPROPERTIES ('sandbox.constraint.pk' = 'PRIMARY KEY (id)')"


def test_automatic_clustering_is_left_out() -> None:
    assert (
        rewrite.to_spark("CREATE TABLE t (a INT) CLUSTER BY AUTO COMMENT 'c'") == "CREATE TABLE t (a INT)  COMMENT 'c'"
    )


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("CREATE VOLUME main.s.v", "CREATE VOLUME"),
        ("GRANT SELECT ON TABLE t TO ann", "GRANT"),
        ("CREATE OR REFRESH STREAMING TABLE t", "CREATE STREAMING TABLE"),
        ("SELECT * FROM main.information_schema.tables", "information_schema"),
        ("SELECT * FROM read_files('/x')", "read_files()"),
        ("SELECT * FROM csv.`x` WHERE p = '/Volumes/main/s/v'", "volume path /Volumes/main/s/v"),
        ("ALTER TABLE t SET TAGS ('a' = 'b')", "SET TAGS"),
    ],
)
def test_what_only_databricks_has_is_refused_by_name(sql: str, what: str) -> None:
    with pytest.raises(UnsupportedError, match="SANDBOX_UNSUPPORTED: ") as refused:
        rewrite.to_spark(sql)
    assert f": {what} (line 1" in str(refused.value)


def test_parameters_that_name_an_object_are_renamed_and_others_are_not() -> None:
    sql = "SELECT * FROM IDENTIFIER(:catalog || '.s.t') WHERE a = :word"
    renamed = rewrite.parameters_to_spark(sql, {"catalog": "main", "word": "main"})
    assert renamed == {"catalog": "spark_catalog", "word": "main"}


def test_error_texts_name_the_catalog_as_the_user_does() -> None:
    assert rewrite.from_spark("The table `spark_catalog`.`s`.`t` cannot") == "The table `main`.`s`.`t` cannot"


@pytest.mark.parametrize("sql", ["SELECT 'spark_catalog.x'", "SELECT * FROM main.s.t", "WITH a AS (SELECT 1) SELECT *"])
def test_data_is_not_renamed(sql: str) -> None:
    assert rewrite.result_from_spark(sql)("spark_catalog.x") == "spark_catalog.x"


@pytest.mark.parametrize("sql", ["SHOW CREATE TABLE t", "/* why */ describe extended t", "DESC t", "EXPLAIN SELECT 1"])
def test_what_spark_tells_about_objects_has_the_users_names(sql: str) -> None:
    assert rewrite.result_from_spark(sql)("CREATE TABLE spark_catalog.s.t") == "CREATE TABLE main.s.t"


def test_only_the_whole_value_of_current_catalog_is_renamed() -> None:
    to_user = rewrite.result_from_spark("SELECT current_catalog(), note FROM t")
    assert [to_user(text) for text in ("spark_catalog", "spark_catalog.x")] == ["main", "spark_catalog.x"]
