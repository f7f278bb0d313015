"""SQL that may lose something is recognised by parsing; what cannot be read counts as destructive."""

from __future__ import annotations

import pytest

from workspace.guard import DestructiveAction, destructive_statements, is_destructive


@pytest.mark.parametrize("condition", ["true", "1 = 1", "1", "NOT false", "id = id", "id >= id", "id = 3 OR 1 = 1"])
def test_a_delete_whose_condition_is_always_true_is_destructive(condition: str) -> None:
    assert destructive_statements(f"DELETE FROM t WHERE {condition}")  # noqa: S608 - SQL as data, it is never run


@pytest.mark.parametrize(
    "condition", ["EXISTS (SELECT a FROM s)", "id IN (SELECT id FROM t)", "(SELECT max(a) FROM s)"]
)
def test_a_delete_that_only_a_subquery_limits_is_destructive(condition: str) -> None:
    assert destructive_statements(f"DELETE FROM t WHERE {condition}")  # noqa: S608 - SQL as data, it is never run


@pytest.mark.parametrize("condition", ["id = 3", "x.day < '2026-01-01'", "id IN (SELECT id FROM stale)"])
def test_a_delete_that_spares_rows_is_not_destructive(condition: str) -> None:
    assert not destructive_statements(f"DELETE FROM t AS x WHERE {condition}")  # noqa: S608 - SQL as data, it is never run


def test_an_update_of_every_row_is_destructive_and_one_of_some_rows_is_not() -> None:
    assert destructive_statements("UPDATE t SET a = 1; UPDATE t SET a = 1 WHERE b = 2") == ("UPDATE t SET a = 1",)


@pytest.mark.parametrize(
    "sql",
    [
        "WITH c AS (SELECT 1 AS id) DELETE FROM t",
        "WITH c AS (SELECT 1 AS id) INSERT OVERWRITE t SELECT * FROM c",
        "SELECT 1; TRUNCATE TABLE t",
        "-- only a look\nTRUNCATE TABLE t -- WHERE id = 1",
        "DELETE FROM t /* WHERE id = 1 */",
        "DELETE FROM t -- WHERE id = 1",
    ],
)
def test_neither_a_cte_nor_another_statement_nor_a_comment_hides_a_loss(sql: str) -> None:
    assert destructive_statements(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "EXECUTE IMMEDIATE 'SELECT 1'",
        "BEGIN DELETE FROM t; END",
        "BEGIN SELECT 1; END",
        "CALL cleanup()",
        "REORG TABLE t APPLY (PURGE)",
        "SELECT 'never closed",
        "MAGIC TABLE t",
        "PURGE",
    ],
)
def test_what_cannot_be_read_counts_as_destructive(sql: str) -> None:
    assert destructive_statements(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "REPLACE TABLE t AS SELECT 1",
        "CREATE OR REPLACE SCHEMA s",
        "CREATE OR REPLACE MATERIALIZED VIEW m AS SELECT 1",
        "CREATE OR REPLACE STREAMING TABLE s AS SELECT * FROM STREAM x",
        "REFRESH STREAMING TABLE s FULL",
        "REFRESH MATERIALIZED VIEW m FULL",
        "LOAD DATA INPATH 'x' OVERWRITE INTO TABLE t",
        "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x",
        "RESTORE TABLE t TO VERSION AS OF 1",
        "VACUUM t RETAIN 0 HOURS",
        "ALTER TABLE t DROP COLUMN c",
        "ALTER TABLE t DROP PARTITION (day = '2026-01-01')",
        "ALTER TABLE t REPLACE COLUMNS (a INT)",
        "ALTER TABLE t SET TBLPROPERTIES ('delta.deletedFileRetentionDuration' = '0 hours')",
        "INSERT INTO t REPLACE WHERE a = 1 SELECT 1",
        "INSERT INTO t REPLACE USING (id) SELECT 1",
        "COPY INTO t FROM '/x' FILEFORMAT = CSV COPY_OPTIONS ('force' = 'true')",
        "MERGE INTO t USING s ON t.a = s.a WHEN NOT MATCHED BY SOURCE THEN DELETE",
        "DROP VIEW v",
    ],
)
def test_replacing_restoring_and_emptying_are_destructive(sql: str) -> None:
    assert destructive_statements(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "UNDROP TABLE t",
        "REFRESH MATERIALIZED VIEW m",
        "CREATE MATERIALIZED VIEW m AS SELECT 1",
        "CREATE OR REPLACE VIEW v AS SELECT 1",
        "CREATE TABLE t AS SELECT 1",
        "ALTER TABLE t ADD COLUMN c INT",
        "ALTER TABLE t RENAME COLUMN a TO b",
        "COPY INTO t FROM '/x' FILEFORMAT = CSV COPY_OPTIONS ('force' = 'false')",
        "DESCRIBE DETAIL `a`.`b`.`c`",
        "EXPLAIN DELETE FROM t",
        "INSERT INTO t VALUES (1)",
        "SELECT 'DELETE FROM t' AS text; ;",
    ],
)
def test_what_adds_restores_or_only_reads_is_not_destructive(sql: str) -> None:
    assert not destructive_statements(sql)


@pytest.mark.parametrize("action", list(DestructiveAction))
def test_no_registered_action_passes_as_harmless(action: DestructiveAction) -> None:
    assert is_destructive(action)
