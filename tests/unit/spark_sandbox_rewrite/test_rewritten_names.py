"""Three levels of names on Spark's two."""

from __future__ import annotations

import pytest

from sandbox.metastore import Securable
from sandbox.spark.rewrite import Session, names, plan


@pytest.fixture
def session() -> Session:
    session = Session()
    for name in ("dev", "dev-eu"):
        session.metastore.put(Securable(kind="CATALOG", name=name))
    return session


@pytest.mark.parametrize(
    ("databricks", "spark"),
    [
        ("SELECT * FROM dev.s.t a, main.s.t b", "SELECT * FROM spark_catalog.uc3_dev_s.t a, spark_catalog.s.t b"),
        ("SELECT * FROM `dev-eu`.s.t", "SELECT * FROM spark_catalog.uc9_dev_2d_eu_s.t"),
        ("CREATE SCHEMA IF NOT EXISTS dev.s", "CREATE SCHEMA IF NOT EXISTS spark_catalog.uc3_dev_s"),
        ("SELECT dev.s.f(1)", "SELECT spark_catalog.uc3_dev_s.f(1)"),
        ("SELECT dev.x FROM t AS dev", "SELECT dev.x FROM t AS dev"),
        ("EXECUTE IMMEDIATE 'SELECT 1 FROM dev.s.t'", "EXECUTE IMMEDIATE 'SELECT 1 FROM spark_catalog.uc3_dev_s.t'"),
    ],
)
def test_a_catalog_and_its_schema_become_one_schema(session: Session, databricks: str, spark: str) -> None:
    assert plan(databricks, session).text == spark


@pytest.mark.parametrize(
    ("databricks", "spark"),
    [
        ("SELECT t.a FROM s.t, s.u", "SELECT t.a FROM spark_catalog.uc3_dev_s.t, spark_catalog.uc3_dev_s.u"),
        ("INSERT INTO s.t SELECT s.a FROM u s", "INSERT INTO spark_catalog.uc3_dev_s.t SELECT s.a FROM u s"),
        (
            "MERGE INTO s.t USING s.u ON t.a = u.a",
            "MERGE INTO spark_catalog.uc3_dev_s.t USING spark_catalog.uc3_dev_s.u ON t.a = u.a",
        ),
        ("DROP SCHEMA s CASCADE", "DROP SCHEMA spark_catalog.uc3_dev_s CASCADE"),
        ("SELECT * FROM s.f(1)", "SELECT * FROM spark_catalog.uc3_dev_s.f(1)"),
    ],
)
def test_names_without_a_catalog_are_looked_up_in_that_of_the_session(
    session: Session, databricks: str, spark: str
) -> None:
    session.catalog = "dev"
    assert plan(databricks, session).text == spark


def test_use_is_followed_once_it_has_succeeded(session: Session) -> None:
    used = plan("USE CATALOG dev", session)
    assert (used.text, session.catalog) == ("USE spark_catalog.`uc3_dev_default`", "main")
    for step in used.after:
        step()
    assert (session.catalog, session.schema) == ("dev", "default")
    assert plan("SELECT current_catalog()", session).text == "SELECT 'dev' AS `current_catalog()`"


def test_parameters_of_a_name_are_put_into_it_and_not_bound(session: Session) -> None:
    named = plan("SELECT * FROM IDENTIFIER(:c || '.s.t') WHERE a = :a", session, {"c": "dev", "a": "dev"})
    assert (named.text, named.args) == ("SELECT * FROM spark_catalog.uc3_dev_s.t WHERE a = :a", {"a": "dev"})


@pytest.mark.parametrize(
    ("spark", "user"),
    [
        ("The table `spark_catalog`.`uc3_dev_s`.`t` cannot", "The table `dev`.`s`.`t` cannot"),
        ("spark_catalog.uc9_dev_2d_eu_s.t", "dev-eu.s.t"),
        ("The table `spark_catalog`.`s`.`t` cannot", "The table `main`.`s`.`t` cannot"),
        ("file:/state/warehouse/uc3_dev_s.db/t", "file:/state/warehouse/uc3_dev_s.db/t"),
    ],
)
def test_texts_of_spark_name_what_the_user_named(spark: str, user: str) -> None:
    assert names.from_spark(spark) == user
