"""Which resource reads and writes which table, read from its source."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from diagnostics.lineage import same_table, table_uses, writers_of
from diagnostics.models import BundleSnapshot
from diagnostics.python_tables import python_tables
from diagnostics.sources import Program
from diagnostics.sql_tables import TableUse, sql_tables

SnapshotOf = Callable[..., BundleSnapshot]


def use_of(source: str, values: Mapping[str, str] | None = None) -> TableUse:
    return python_tables(Program(path="src/a.py", text=source, values=values or {}))


@pytest.mark.parametrize(
    ("sql", "created", "written", "read"),
    [
        ("CREATE TABLE IF NOT EXISTS a.b (x INT) CLUSTER BY AUTO", ("a.b",), ("a.b",), ()),
        ("CREATE OR REPLACE VIEW v AS SELECT * FROM a.b", ("v",), ("v",), ("a.b",)),
        ("MERGE INTO a.b t USING c.d s ON t.x = s.x WHEN MATCHED THEN UPDATE SET *", (), ("a.b",), ("c.d",)),
        ("INSERT OVERWRITE TABLE a.b SELECT * FROM c.d", (), ("a.b",), ("c.d",)),
        ("WITH w AS (SELECT * FROM a.b) SELECT * FROM w", (), (), ("a.b",)),
        ("CREATE OR REFRESH STREAMING TABLE x AS SELECT * FROM STREAM(a.b)", ("x",), ("x",), ("a.b",)),
        ("CREATE STREAMING TABLE x (CONSTRAINT c EXPECT (a > 0) ON VIOLATION DROP ROW)", ("x",), ("x",), ()),
        ("CREATE VIEW a.m WITH METRICS LANGUAGE YAML AS $$ version: 1.1 $$", ("a.m",), ("a.m",), ()),
        ("CREATE FUNCTION a.f(n INT) RETURNS TABLE(x INT) RETURN SELECT * FROM c.d", ("a.f",), ("a.f",), ("c.d",)),
        ("CREATE SCHEMA IF NOT EXISTS a.b", ("a.b",), ("a.b",), ()),
        ("CREATE TABLE ${catalog}.gold.t (x INT)", ("*.gold.t",), ("*.gold.t",), ()),
        ("this is no SQL (", (), (), ()),
    ],
)
def test_a_statement_is_read(
    sql: str, created: tuple[str, ...], written: tuple[str, ...], read: tuple[str, ...]
) -> None:
    use = sql_tables(sql)

    assert (use.creates, use.writes, use.reads) == (created, written, read)


def test_a_statement_that_does_not_parse_leaves_the_others_readable() -> None:
    assert sql_tables("MERGE nonsense (; INSERT INTO a.b VALUES (1)").writes == ("a.b",)


def test_placeholders_that_are_unknown_match_anything() -> None:
    assert use_of('spark.sql(f"INSERT INTO {get_catalog()}.gold.t SELECT 1")').writes == ("*.gold.t",)


def test_widgets_are_resolved_from_base_parameters() -> None:
    source = 'c = dbutils.widgets.get("catalog")\nspark.table(f"{c}.bronze.orders")\n'

    assert use_of(source, {"catalog": "main"}).reads == ("main.bronze.orders",)


def test_a_loop_over_names_gives_each_table() -> None:
    source = 'for name in ("a", "b"):\n    df.write.saveAsTable(f"gold.{name}")\n'

    assert use_of(source).creates == ("gold.a", "gold.b")


def test_names_are_followed_into_local_functions() -> None:
    source = 'def make(name):\n    spark.sql(f"CREATE TABLE gold.{name} (x INT)")\n\nmake("dim_customer")\n'

    assert use_of(source).creates == ("gold.dim_customer",)


def test_names_are_followed_into_a_module_beside_the_notebook(snapshot_of: SnapshotOf) -> None:
    files = {
        "src/load.py": '# Databricks notebook source\nfrom writing import append\nappend(df, f"{x}.bronze.planes")\n',
        "src/writing.py": "def append(rows, table):\n    rows.write.saveAsTable(table)\n",
    }
    job = {"tasks": [{"task_key": "t", "notebook_task": {"notebook_path": "src/load.py"}}]}

    assert table_uses(snapshot_of(files, load=job))["jobs.load"].creates == ("*.bronze.planes",)


@pytest.mark.parametrize(
    ("call", "created", "written", "read"),
    [
        ('spark.read.table("a.b")', (), (), ("a.b",)),
        ('spark.readStream.table("a.b")', (), (), ("a.b",)),
        ('df.write.insertInto("a.b")', (), ("a.b",), ()),
        ('df.writeTo("a.b").append()', (), ("a.b",), ()),
        ('DeltaTable.forName(spark, "a.b")', (), ("a.b",), ()),
        ('df.writeStream.toTable("a.b")', ("a.b",), ("a.b",), ()),
        ('dp.create_streaming_table("b")', ("b",), ("b",), ()),
        ("# MAGIC %sql\n# MAGIC SELECT * FROM a.b", (), (), ("a.b",)),
        ("def broken(", (), (), ()),
    ],
)
def test_a_call_is_read(call: str, created: tuple[str, ...], written: tuple[str, ...], read: tuple[str, ...]) -> None:
    use = use_of(call)

    assert (use.creates, use.writes, use.reads) == (created, written, read)


def test_datasets_of_a_pipeline_get_its_catalog_and_schema(snapshot_of: SnapshotOf) -> None:
    source = (
        "from pyspark import pipelines as dp\n"
        '@dp.table(name="orders_clean")\n'
        "def orders(): return spark.readStream.table(f\"{spark.conf.get('bronze')}.orders\")\n"
        "@dp.materialized_view\n"
        'def daily(): return spark.read.table("orders_clean")\n'
    )
    pipeline = {
        "catalog": "main",
        "schema": "silver",
        "configuration": {"bronze": "main.bronze"},
        "libraries": [{"glob": {"include": "/Workspace/Users/me/.bundle/shop/dev/files/src/silver/**"}}],
    }
    uses = table_uses(snapshot_of({"src/silver/orders.py": source}, silver=pipeline))

    assert uses["pipelines.silver"].creates == ("main.silver.daily", "main.silver.orders_clean")
    assert uses["pipelines.silver"].reads == ("main.bronze.orders", "main.silver.orders_clean")


def test_a_notebook_is_found_by_its_path_in_the_workspace(snapshot_of: SnapshotOf) -> None:
    path = "/Workspace/Users/me/.bundle/shop/dev/files/src/setup"
    job = {"tasks": [{"task_key": "t", "notebook_task": {"notebook_path": path}}]}
    uses = table_uses(snapshot_of({"src/setup.sql": "CREATE TABLE a.b (x INT)"}, setup=job))

    assert writers_of("main.a.b", uses) == ("jobs.setup",)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("main.gold.t", "gold.t", True),
        ("main.gold.t", "*.gold.T", True),
        ("main.gold.t", "*.*.t", True),
        ("main.gold.dim_x", "main.gold.dim_*", True),
        ("main.gold.t", "main.silver.t", False),
        ("main.gold.t", "main.gold.*", False),
        ("main.gold.t", "main.gold.tt", False),
    ],
)
def test_names_are_compared_from_their_last_parts(first: str, second: str, *, same: bool) -> None:
    assert same_table(first, second) is same


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("CREATE TABLE a.b.stage AS SELECT 1; DROP TABLE a.b.stage", ("a.b.stage",)),
        ("ALTER TABLE a.b.t RENAME TO a.b.u", ("a.b.t",)),
        ("ALTER TABLE a.b.t ADD COLUMN x INT; DELETE FROM a.b.t; TRUNCATE TABLE a.b.t", ()),
    ],
)
def test_tables_that_are_removed_or_renamed_are_known(text: str, gone: tuple[str, ...]) -> None:
    assert sql_tables(text).drops == gone
