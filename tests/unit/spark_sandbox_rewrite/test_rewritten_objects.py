"""Statements that Spark does not know: what they leave in the metastore, and how they are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.metastore import Securable
from sandbox.spark.rewrite import Session, StatementError, plan


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(state_dir=tmp_path, ask=lambda _statement: [("gold",)])


def run(sql: str, session: Session) -> str:
    done = plan(sql, session)
    for step in done.after:
        step()
    return done.text


def test_keys_are_taken_out_of_create_table_and_kept(session: Session) -> None:
    run("CREATE TABLE gold.dim (d INT NOT NULL PRIMARY KEY)", session)
    text = run(
        "CREATE TABLE gold.fact (id INT NOT NULL, d INT, CONSTRAINT pk PRIMARY KEY (id) RELY, "
        "FOREIGN KEY (d) REFERENCES main.gold.dim (d) NOT ENFORCED) TBLPROPERTIES ('a' = 'b')",
        session,
    )
    assert text == "CREATE TABLE gold.fact (id INT NOT NULL, d INT) TBLPROPERTIES ('a' = 'b')"
    keys = [key for _, key in session.metastore.table_keys("main.gold.fact")]
    assert [(key.name, key.columns, key.parent, key.rely) for key in keys] == [
        ("pk", ("id",), "", True),
        ("fact_dim_fk", ("d",), "main.gold.dim", False),
    ]


def test_a_key_at_the_end_of_a_column_is_taken_out(session: Session) -> None:
    run("CREATE TABLE gold.dim (d INT NOT NULL PRIMARY KEY)", session)
    text = run("CREATE TABLE t (a DECIMAL(9,2) CONSTRAINT fk REFERENCES gold.dim(d), b INT)", session)
    assert text == "CREATE TABLE t (a DECIMAL(9,2) , b INT)"


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        ("CREATE TABLE t (id INT, CONSTRAINT pk PRIMARY KEY (id))", "child column(s) `id` is nullable"),
        ("CREATE TABLE t (d INT, CONSTRAINT fk FOREIGN KEY (d) REFERENCES gold.dim (d))", "has no primary key"),
        ("CREATE TABLE t (a INT NOT NULL PRIMARY KEY, b INT NOT NULL PRIMARY KEY)", "has one already"),
        ("GRANT USE CATALOG ON TABLE gold.t TO ann", "is not applicable to this entity [main.gold.t:TABLE]"),
        ("CREATE VOLUME nowhere.gold.v", "[NO_SUCH_CATALOG_EXCEPTION] Catalog 'nowhere' was not found"),
        ("CREATE VOLUME main.silver.v", "[SCHEMA_NOT_FOUND] The schema `main`.`silver` cannot be found"),
        ("DROP VOLUME gold.v", "[VOLUME_DOES_NOT_EXIST] Volume 'main.gold.v' does not exist"),
        ("GRANT SELECT ON gold.t", "[PARSE_SYNTAX_ERROR] Syntax error at or near 'end of input'"),
    ],
)
def test_what_databricks_refuses_is_refused(session: Session, sql: str, text: str) -> None:
    with pytest.raises(StatementError) as refused:
        plan(sql, session)
    assert text in str(refused.value)


def test_a_volume_has_a_folder_and_loses_it(session: Session, tmp_path: Path) -> None:
    run("CREATE VOLUME gold.landing COMMENT 'in'", session)
    assert (tmp_path / "volumes/main/gold/landing").is_dir()
    run("DROP VOLUME main.gold.landing", session)
    assert not (tmp_path / "volumes/main/gold/landing").exists()
    assert session.metastore.find("VOLUME", "main.gold.landing") is None


def test_tags_are_set_on_tables_and_columns(session: Session) -> None:
    run("ALTER TABLE gold.t SET TAGS ('layer' = 'gold', 'pii')", session)
    run("ALTER TABLE gold.t ALTER COLUMN c SET TAGS ('x' = 'y')", session)
    run("SET TAG ON TABLE gold.t `team` = `data`", session)
    run("ALTER TABLE gold.t UNSET TAGS ('pii')", session)
    assert session.metastore.tags("TABLE") == [
        ("main.gold.t", "", "layer", "gold"),
        ("main.gold.t", "", "team", "data"),
        ("main.gold.t", "c", "x", "y"),
    ]


def test_what_is_known_of_a_table_goes_with_its_name(session: Session) -> None:
    run("ALTER TABLE gold.t SET TAGS ('a' = 'b')", session)
    run("ALTER TABLE gold.t RENAME TO gold.u", session)
    assert [tag[0] for tag in session.metastore.tags("TABLE")] == ["main.gold.u"]
    run("DROP TABLE gold.u", session)
    assert session.metastore.tags("TABLE") == []


def test_what_is_dropped_with_a_catalog_takes_its_grants_along(session: Session) -> None:
    session.metastore.put(Securable(kind="CATALOG", name="dev"))
    run("GRANT SELECT ON SCHEMA dev.gold TO ann", session)
    session.metastore.remove("CATALOG", "dev")
    assert session.metastore.grants("SCHEMA", "dev.gold") == []


def test_only_the_administrator_makes_catalogs(session: Session) -> None:
    session.user = "second@sandbox.local"
    with pytest.raises(StatementError, match="User does not have CREATE CATALOG on Metastore") as refused:
        plan("CREATE CATALOG dev", session)
    assert refused.value.getSqlState() == "42501"
