"""Unity Catalog's view of the engine: catalogs, information_schema, keys and tags."""

from __future__ import annotations

import pytest

from sandbox.compute import StatementResult
from tests.sandbox.conftest import RunNotebook, RunSql

pytestmark = pytest.mark.engine
Rows = tuple[tuple[str | None, ...], ...]


@pytest.fixture(scope="module", autouse=True)
def _lakehouse(run_all: RunSql) -> None:
    run_all(
        "CREATE CATALOG IF NOT EXISTS dev",
        "CREATE SCHEMA IF NOT EXISTS dev.shop COMMENT 'goods'",
        "CREATE SCHEMA IF NOT EXISTS main.shop",
        "CREATE OR REPLACE TABLE dev.shop.dim (k BIGINT NOT NULL COMMENT 'key', CONSTRAINT dim_pk PRIMARY KEY (k))",
        "CREATE OR REPLACE TABLE main.shop.dim (other STRING)",
        "CREATE OR REPLACE TABLE dev.shop.fact (k BIGINT, price DECIMAL(9,2)) CLUSTER BY AUTO",
        "ALTER TABLE dev.shop.fact ADD CONSTRAINT fact_fk FOREIGN KEY (k) REFERENCES dev.shop.dim (k)",
        "ALTER TABLE dev.shop.fact SET TAGS ('layer' = 'gold')",
        "INSERT INTO dev.shop.dim VALUES (1), (2)",
        "CREATE OR REPLACE VIEW dev.shop.keys AS SELECT k FROM dev.shop.dim",
        "CREATE OR REPLACE FUNCTION dev.shop.above(least INT COMMENT 'bound') RETURNS TABLE (k BIGINT) "
        "RETURN SELECT k FROM dev.shop.dim WHERE k > least",
    )


def rows(result: StatementResult) -> Rows:
    assert result.state == "SUCCEEDED", result.error_message
    return result.rows


def test_schemas_of_the_same_name_in_two_catalogs_are_apart(run_sql: RunSql) -> None:
    joined = "SELECT count(*), count(m.other) FROM dev.shop.dim d LEFT JOIN main.shop.dim m ON d.k = m.other"
    assert rows(run_sql(joined)) == (("2", "0"),)
    assert rows(run_sql("SELECT count(*) FROM shop.dim", catalog="dev")) == (("2",),)
    assert rows(run_sql("SELECT * FROM above(1)", catalog="dev", schema="shop")) == (("2",),)


def test_a_session_says_where_it_is(run_sql: RunSql) -> None:
    where = "SELECT current_catalog(), current_schema()"
    assert rows(run_sql(where, catalog="dev", schema="shop")) == (("dev", "shop"),)
    assert ("shop",) in rows(run_sql("SHOW SCHEMAS IN dev"))
    shown = rows(run_sql("SHOW TABLES IN dev.shop LIKE 'f*'"))
    assert shown == (("shop", "fact", "false"),)


def test_errors_and_descriptions_name_the_users_catalog(run_sql: RunSql) -> None:
    missing = run_sql("SELECT * FROM dev.shop.nothing").error_message or ""
    assert missing.startswith("[TABLE_OR_VIEW_NOT_FOUND] The table or view `dev`.`shop`.`nothing` cannot")
    described = {row[0]: row[1] for row in rows(run_sql("DESCRIBE TABLE EXTENDED dev.shop.fact"))}
    assert (described["Catalog"], described["Database"], described["fact_fk"]) == (
        "dev",
        "shop",
        "FOREIGN KEY (`k`) REFERENCES `dev`.`shop`.`dim` (`k`)",
    )
    assert rows(run_sql("DESCRIBE DETAIL dev.shop.fact"))[0][2] == "dev.shop.fact"


def test_columns_are_described_in_information_schema(run_sql: RunSql) -> None:
    query = (
        "SELECT ordinal_position, column_name, full_data_type, is_nullable, comment "
        "FROM dev.information_schema.columns WHERE table_schema = 'shop' AND table_name = :t ORDER BY 1"
    )
    named = ({"name": "t", "value": "dim", "type": "STRING"},)
    assert rows(run_sql(query, parameters=named)) == (("0", "k", "bigint", "NO", "key"),)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT table_name, table_type FROM {}.tables WHERE table_schema = 'shop' ORDER BY 1",
         (("dim", "MANAGED"), ("fact", "MANAGED"), ("keys", "VIEW"))),
        ("SELECT comment FROM {}.schemata WHERE schema_name = 'shop'", (("goods",),)),
        ("SELECT routine_name, data_type FROM {}.routines", (("above", "TABLE"),)),
        ("SELECT parameter_name, data_type, comment FROM {}.parameters", (("least", "INT", "bound"),)),
        ("SELECT constraint_name, constraint_type FROM {}.table_constraints ORDER BY 1",
         (("dim_pk", "PRIMARY KEY"), ("fact_fk", "FOREIGN KEY"))),
        ("SELECT table_name, column_name FROM {}.key_column_usage ORDER BY 1", (("dim", "k"), ("fact", "k"))),
        ("SELECT tag_name, tag_value FROM {}.table_tags", (("layer", "gold"),)),
        ("SELECT view_definition FROM {}.views", (("SELECT k FROM dev.shop.dim",),)),
    ],
)  # fmt: skip
def test_information_schema_tells_what_there_is(run_sql: RunSql, query: str, expected: Rows) -> None:
    assert rows(run_sql(query.format("dev.information_schema"))) == expected


def test_a_notebook_moves_between_catalogs(run_notebook: RunNotebook) -> None:
    done = run_notebook(
        "spark.sql('USE CATALOG dev')\nspark.catalog.setCurrentDatabase('shop')",
        "found = spark.table('shop.dim').count(), spark.table('dim').count(), spark.table('main.shop.dim').count()",
        "spark.range(3).write.mode('overwrite').saveAsTable('dev.shop.made')",
        "where = spark.catalog.currentCatalog(), spark.catalog.currentDatabase(), spark.sql('SHOW TABLES').count()",
        "dbutils.notebook.exit(f'{found} {where}')",
    )
    assert (done.error, done.exit_value) == (None, "(2, 2, 0) ('dev', 'shop', 4)")
