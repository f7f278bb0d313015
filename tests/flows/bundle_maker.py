"""Small bundles for tests of the flow: one job a line, with sources of a few lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

NOTEBOOK = "# Databricks notebook source\n"
MERGE = """MERGE INTO main.gold.fact_sales AS t
USING (SELECT sale_id, amount, updated_at FROM main.silver.sales) AS s
ON t.sale_id = s.sale_id
WHEN MATCHED THEN UPDATE SET t.amount = s.amount
WHEN NOT MATCHED THEN INSERT (sale_id, amount) VALUES (s.sale_id, s.amount)"""

DUPLICATES = (
    "[DELTA_MULTIPLE_SOURCE_ROW_MATCHING_TARGET_ROW_IN_MERGE] Cannot perform Merge as multiple source rows matched "
    "and attempted to modify the same target row in the Delta table in possibly conflicting ways. SQLSTATE: 21506"
)
"""What Delta says about a MERGE whose source has two rows for one key."""


def missing(table: str) -> str:
    """What Spark says about a table that is not there; the name has three parts."""
    quoted = ".".join(f"`{part}`" for part in table.split("."))
    return (
        f"[TABLE_OR_VIEW_NOT_FOUND] The table or view {quoted} cannot be found. Verify the spelling and correctness "
        "of the schema and catalog. SQLSTATE: 42P01"
    )


def sql(statement: str) -> str:
    """A notebook that runs one statement."""
    return f'{NOTEBOOK}spark.sql("""{statement}""")\n'


@dataclass(frozen=True)
class Job:
    """One job with one notebook, and what else its task or its settings say."""

    layer: str | None = None
    source: str = f"{NOTEBOOK}print('done')\n"
    settings: Mapping[str, Any] = field(default_factory=dict)
    task_type: str = "notebook_task"
    path_key: str = "notebook_path"

    def document(self, key: str) -> dict[str, Any]:
        task = {"task_key": key, self.task_type: {self.path_key: f"src/{key}.py"}}
        tags = {"layer": self.layer} if self.layer else {}
        return {"name": key, "tags": tags, "tasks": [task]} | dict(self.settings)


@dataclass(frozen=True)
class Bundle:
    """A bundle's folder, and its files as they were made."""

    name: str
    folder: Path

    def files(self) -> dict[str, str]:
        paths = (path for path in self.folder.rglob("*") if path.is_file())
        return {path.relative_to(self.folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def make_bundle(
    parent: Path, name: str, jobs: Mapping[str, Job], *, pipelines: tuple[str, ...] = (), mode: str = "development"
) -> Bundle:
    """Write a bundle with these jobs, and pipelines of the layer silver."""
    folder = parent / name
    (folder / "src").mkdir(parents=True)
    for key, job in jobs.items():
        (folder / "src" / f"{key}.py").write_text(job.source, encoding="utf-8")
    for key in pipelines:
        (folder / "src" / f"{key}.sql").write_text("CREATE OR REFRESH STREAMING TABLE a AS SELECT 1", encoding="utf-8")
    root = f"/Workspace/Shared/{name}" if mode == "production" else None
    target = {"default": True, "mode": mode} | ({"workspace": {"root_path": root}} if root else {})
    document: dict[str, Any] = {
        "bundle": {"name": name},
        "targets": {"dev": target},
        "resources": {"jobs": {key: job.document(key) for key, job in jobs.items()}},
    }
    if pipelines:
        document["resources"]["pipelines"] = {key: _pipeline(key) for key in pipelines}
    (folder / "databricks.yml").write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return Bundle(name, folder)


def _pipeline(key: str) -> dict[str, Any]:
    return {
        "name": key,
        "catalog": "main",
        "schema": "silver",
        "serverless": True,
        "libraries": [{"file": {"path": f"src/{key}.sql"}}],
    }
