"""Privileges that statements need."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.layout import SECOND_USER_NAME
from sandbox.spark.rewrite import Session, StatementError, plan


def _views(statement: str) -> list[Any]:
    return [("", "temporary", True)] if statement == "SHOW VIEWS LIKE 'temporary'" else []


@pytest.fixture
def session() -> Session:
    session = Session(user=SECOND_USER_NAME, ask=_views)
    session.metastore.grant("CATALOG", "main", SECOND_USER_NAME, ["USE_CATALOG"])
    session.metastore.grant("SCHEMA", "main.gold", "account users", ["USE_SCHEMA"])
    session.metastore.grant("TABLE", "main.gold.known", SECOND_USER_NAME, ["SELECT"])
    return session


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM main.gold.known",
        "WITH x AS (SELECT * FROM gold.known) SELECT * FROM x",
        "SELECT * FROM temporary",
        "DESCRIBE TABLE gold.known",
        "CREATE TEMPORARY VIEW v AS SELECT * FROM gold.known",
    ],
)
def test_what_is_granted_is_allowed(session: Session, sql: str) -> None:
    assert plan(sql, session)


@pytest.mark.parametrize(
    ("sql", "lack"),
    [
        ("SELECT * FROM main.silver.t", "USE SCHEMA on Schema 'main.silver'"),
        ("SELECT * FROM gold.known JOIN gold.secret USING (id)", "SELECT on Table 'main.gold.secret'"),
        ("INSERT INTO gold.known SELECT 1", "MODIFY on Table 'main.gold.known'"),
        ("MERGE INTO gold.known t USING gold.known s ON t.a = s.a WHEN MATCHED THEN DELETE", "MODIFY on Table"),
        ("ALTER TABLE gold.known ADD COLUMNS (x INT)", "MODIFY on Table 'main.gold.known'"),
        ("OPTIMIZE gold.known", "MODIFY on Table 'main.gold.known'"),
        ("DROP TABLE gold.known", "MANAGE on Table 'main.gold.known'"),
        ("CREATE TABLE gold.new AS SELECT * FROM gold.known", "CREATE TABLE on Schema 'main.gold'"),
        ("CREATE SCHEMA main.other", "CREATE SCHEMA on Catalog 'main'"),
        ("CREATE VIEW v AS SELECT * FROM gold.secret", "USE SCHEMA on Schema 'main.default'"),
        ("SELECT gold.f(1)", "EXECUTE on Function 'main.gold.f'"),
        ("SELECT * FROM main.gold.top(3)", "EXECUTE on Function 'main.gold.top'"),
        ("GRANT SELECT ON TABLE gold.known TO ann", "MANAGE on Table 'main.gold.known'"),
        ("ALTER TABLE gold.known SET TAGS ('a' = 'b')", "APPLY TAG on Table 'main.gold.known'"),
        ("SHOW TABLES IN silver", "USE SCHEMA on Schema 'main.silver'"),
    ],
)
def test_what_is_not_granted_is_refused_by_name(session: Session, sql: str, lack: str) -> None:
    with pytest.raises(StatementError) as refused:
        plan(sql, session)
    text = str(refused.value)
    assert text.startswith("[INSUFFICIENT_PERMISSIONS] Insufficient privileges:\nUser does not have ")
    assert lack in text
    assert text.endswith("SQLSTATE: 42501")


@pytest.mark.parametrize(("kind", "name"), [("CATALOG", "main"), ("SCHEMA", "main.gold")])
def test_a_privilege_holds_for_what_is_below(session: Session, kind: Any, name: str) -> None:
    session.metastore.grant(kind, name, SECOND_USER_NAME, ["SELECT"])
    assert plan("SELECT * FROM gold.secret", session)


def test_whoever_makes_a_table_owns_it(session: Session) -> None:
    session.metastore.grant("SCHEMA", "main.gold", SECOND_USER_NAME, ["CREATE_TABLE"])
    for step in plan("CREATE TABLE gold.mine (a INT)", session).after:
        step()
    assert session.metastore.owner("TABLE", "main.gold.mine") == SECOND_USER_NAME
    assert plan("DROP TABLE gold.mine", session)


def test_the_administrator_is_not_asked() -> None:
    assert plan("DROP TABLE main.gold.t", Session())


def test_functions_about_the_user_answer_for_the_session(session: Session) -> None:
    assert plan("SELECT current_user(), is_member('admins')", session).text == (
        f"SELECT '{SECOND_USER_NAME}' AS `current_user()`, false"
    )
