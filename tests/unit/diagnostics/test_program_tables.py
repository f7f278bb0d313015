"""Tables are followed through modules, notebooks, parameters and namespaces; code that cannot run does not count."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from diagnostics.lineage import table_uses
from diagnostics.models import BundleSnapshot
from diagnostics.python_tables import python_tables
from diagnostics.sources import Program
from diagnostics.sql_tables import sql_tables
from diagnostics.table_use import TableUse

SnapshotOf = Callable[..., BundleSnapshot]
NOTEBOOK = "# Databricks notebook source\n"


def use_of(source: str, values: Mapping[str, str] | None = None, *arguments: str) -> TableUse:
    return python_tables(Program(path="src/a.py", text=source, values=values or {}, arguments=arguments))


def job_use(snapshot_of: SnapshotOf, files: dict[str, str], task: dict[str, Any], **job: Any) -> TableUse:
    return table_uses(snapshot_of(files, load={"tasks": [{"task_key": "t", **task}], **job}))["jobs.load"]


@pytest.mark.parametrize(
    ("source", "read"),
    [
        ('T = {"o": "gold.orders"}\nspark.table(T["o"])', "gold.orders"),
        ('T = {"o": "gold.orders"}\nspark.table(T.get("o"))', "gold.orders"),
        ('def name(s, t):\n    return f"{s}.{t}"\nspark.table(name("gold", t="orders"))', "gold.orders"),
        ('class C:\n    schema: str = "gold"\nc = C()\nspark.table(f"{c.schema}.orders")', "gold.orders"),
        ('spark.table(".".join(["main", "gold", "orders"]))', "main.gold.orders"),
        ('spark.table("{}.{t}".format("gold", t="orders"))', "gold.orders"),
        ('spark.table("%s.orders" % "gold")', "gold.orders"),
        ('import os\nspark.table(os.getenv("SCHEMA", "gold") + ".orders")', "gold.orders"),
        ('s = "gold" if debug() else "gold"\nspark.table(f"{s}.orders")', "gold.orders"),
        ('dbutils.widgets.text("s", "gold")\nspark.table(f"{dbutils.widgets.get(\'s\')}.orders")', "gold.orders"),
        ("spark.table(f\"{spark.conf.get('s', 'gold')}.orders\")", "gold.orders"),
        ('q = "SELECT * FROM {s}.orders".replace("{s}", "gold")\nspark.sql(q)', "gold.orders"),
        ('for s, t in {"gold": "orders"}.items():\n    spark.table(f"{s}.{t}")', "gold.orders"),
        ('def run(s="gold"):\n    spark.table(f"{s}.orders")\nrun()', "gold.orders"),
    ],
)
def test_a_name_is_followed_to_its_text(source: str, read: str) -> None:
    assert use_of(source).reads == (read,)


def test_parameters_of_two_functions_are_not_mixed_up() -> None:
    source = (
        'def take(t):\n    return spark.table(f"a.{t}")\n\ndef give(t):\n    df.write.saveAsTable(f"b.{t}")\n\n'
        'take("x")\ngive("y")\n'
    )
    use = use_of(source)
    assert (use.reads, use.creates) == (("a.x",), ("b.y",))


def test_arguments_of_the_command_line_reach_argparse_and_argv() -> None:
    source = (
        'import argparse, sys\np = argparse.ArgumentParser()\np.add_argument("--schema-name", default="none")\n'
        'a = p.parse_args()\nspark.table(f"{a.schema_name}.orders")\nspark.table(sys.argv[3])\n'
    )
    assert use_of(source, {}, "--schema-name", "gold", "x.y").reads == ("gold.orders", "x.y")


def test_temporary_views_are_no_tables() -> None:
    source = 'df.createOrReplaceTempView("v")\nspark.sql("SELECT * FROM v JOIN a.b USING (id)")\n'
    assert use_of(source).reads == ("a.b",)


@pytest.mark.parametrize(
    "setting",
    ['spark.sql("USE CATALOG main")\nspark.sql("USE SCHEMA gold")', 'spark.sql("USE main.gold")'],
)
def test_the_current_catalog_and_schema_complete_names(setting: str) -> None:
    assert use_of(f'{setting}\nspark.table("orders")\n').reads == ("main.gold.orders",)


def test_files_of_volumes_are_read_and_written() -> None:
    source = (
        'spark.read.json("/Volumes/main/landing/in/2026/")\ndf.write.parquet("/Volumes/main/landing/out")\n'
        'dbutils.fs.cp("dbfs:/Volumes/main/a/b/x", "/Volumes/main/c/d/x")\n'
    )
    use = use_of(source)
    assert use.reads_volumes == ("main.a.b", "main.landing.in")
    assert use.writes_volumes == ("main.c.d", "main.landing.out")


def test_what_is_made_through_the_sdk_tells_its_layer_and_tables() -> None:
    source = 'w.quality_monitors.create(table_name="m.gold.t", output_schema_name="m.watch")\n'
    use = use_of(source)
    assert use.makes == ("monitoring",)
    assert use.creates == ("m.watch.t_drift_metrics", "m.watch.t_profile_metrics")


def test_functions_of_a_module_count_only_when_they_are_called(snapshot_of: SnapshotOf) -> None:
    files = {
        "src/load.py": f"{NOTEBOOK}from shop import tables\ntables.write_bronze()\n",
        "src/shop/__init__.py": "",
        "src/shop/tables.py": (
            'def write_bronze():\n    save("bronze.orders")\n\ndef save(name):\n    df.write.saveAsTable(name)\n\n'
            'def read_gold():\n    return spark.table("gold.orders")\n'
        ),
    }
    use = job_use(snapshot_of, files, {"notebook_task": {"notebook_path": "src/load.py"}})
    assert (use.reads, use.creates) == ((), ("bronze.orders",))


def test_notebooks_that_a_notebook_runs_count_as_its_own(snapshot_of: SnapshotOf) -> None:
    files = {
        "src/load.py": f'{NOTEBOOK}# MAGIC %run ./names\n\ndbutils.notebook.run("child", 60)\nspark.table(NAME)\n',
        "src/names.py": f'{NOTEBOOK}NAME = "bronze.orders"\n',
        "src/child.sql": "-- Databricks notebook source\nCREATE TABLE bronze.log (x INT)\n",
    }
    use = job_use(snapshot_of, files, {"notebook_task": {"notebook_path": "src/load"}})
    assert use.reads == ("bronze.orders",)


def test_cells_of_a_jupyter_notebook_are_read(snapshot_of: SnapshotOf) -> None:
    cells = '{"cell_type": "code", "source": ["%sql\\n", "SELECT * FROM a.b"]}, {"cell_type": "markdown", "source": []}'
    code = '{"cell_type": "code", "source": "spark.table(\'c.d\')"}'
    files = {"src/load.ipynb": f'{{"cells": [{cells}, {code}]}}'}
    use = job_use(snapshot_of, files, {"notebook_task": {"notebook_path": "src/load.ipynb"}})
    assert use.reads == ("a.b", "c.d")


def test_parameters_of_the_job_win_and_fill_references(snapshot_of: SnapshotOf) -> None:
    files = {
        "src/load.py": f"{NOTEBOOK}spark.table(f\"{{dbutils.widgets.get('c')}}.{{dbutils.widgets.get('s')}}.t\")\n"
    }
    task = {
        "notebook_task": {"notebook_path": "src/load.py", "base_parameters": {"c": "old", "s": "{{job.parameters.x}}"}}
    }
    parameters = [{"name": "c", "default": "main"}, {"name": "x", "default": "gold"}]
    assert job_use(snapshot_of, files, task, parameters=parameters).reads == ("main.gold.t",)


def test_a_wheel_is_followed_to_its_entry_point(snapshot_of: SnapshotOf) -> None:
    files = {
        "setup.py": 'from setuptools import setup\nsetup(entry_points={"packages": ["gold=shop.jobs:gold"]})\n',
        "src/shop/jobs.py": 'def gold():\n    spark.table("silver.t")\n\ndef silver():\n    spark.table("bronze.t")\n',
    }
    task = {"python_wheel_task": {"package_name": "shop", "entry_point": "gold"}}
    assert job_use(snapshot_of, files, task).reads == ("silver.t",)


def test_sql_files_that_a_notebook_names_are_read(snapshot_of: SnapshotOf) -> None:
    files = {
        "src/deploy.py": f'{NOTEBOOK}for file in (root / "views").glob("*.sql"):\n    spark.sql(file.read_text())\n',
        "src/views/sales.sql": "CREATE VIEW gold.v AS SELECT * FROM ${catalog}.gold.t",
        "src/other/not_this.sql": "CREATE VIEW gold.w AS SELECT 1",
    }
    task = {"notebook_task": {"notebook_path": "src/deploy.py", "base_parameters": {"catalog": "main"}}}
    use = job_use(snapshot_of, files, task)
    assert (use.reads, use.creates) == (("main.gold.t",), ("gold.v",))


@pytest.mark.parametrize(
    ("sql", "use"),
    [
        ("SELECT * FROM IDENTIFIER(:c || '.s.t')", TableUse(reads=("main.s.t",))),
        ("INSERT INTO IDENTIFIER(:nothing) SELECT * FROM ${c}.s.t", TableUse(reads=("main.s.t",))),
        ("CREATE FLOW f AS AUTO CDC INTO a.t FROM STREAM(b.s) KEYS (k)", TableUse(reads=("b.s",), writes=("a.t",))),
        ("APPLY CHANGES INTO LIVE.t FROM STREAM(LIVE.s) KEYS (k)", TableUse(reads=("s",), writes=("t",))),
        ("USE CATALOG main; USE SCHEMA s; SELECT * FROM t", TableUse(reads=("main.s.t",))),
        ("CREATE TEMP VIEW v AS SELECT * FROM a.b; SELECT * FROM v", TableUse(reads=("a.b",))),
        ("DELETE FROM a.b WHERE x IN (SELECT x FROM a.c)", TableUse(reads=("a.c",))),
        ("GRANT SELECT ON TABLE a.b TO c", TableUse()),
        ("SELECT * FROM a.f(1), range(3)", TableUse(reads=("a.f",))),
        ("SELECT * FROM read_files('/Volumes/a/b/c/d')", TableUse(reads_volumes=("a.b.c",))),
    ],
)
def test_a_statement_is_read_with_its_parameters(sql: str, use: TableUse) -> None:
    assert sql_tables(sql, {"c": "main"}) == use


def test_a_metric_view_reads_its_source_and_joins() -> None:
    body = "version: 1.1\nsource: ${c}.gold.fact\njoins:\n  - name: d\n    source: SELECT * FROM main.gold.dim\n"
    use = sql_tables(f"CREATE VIEW main.gold.m WITH METRICS LANGUAGE YAML AS $$\n{body}$$; SELECT 1", {"c": "main"})
    assert (use.reads, use.semantic) == (("main.gold.dim", "main.gold.fact"), ("main.gold.m",))
