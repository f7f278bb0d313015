from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

BUNDLE = Path(__file__).parents[3] / "sandbox/bundles/flights"
RESOURCES = [yaml.safe_load(file.read_text())["resources"] for file in sorted((BUNDLE / "resources").glob("*.yml"))]
JOBS: dict[str, Any] = {key: job for one in RESOURCES for key, job in one.get("jobs", {}).items()}
PIPELINE: dict[str, Any] = next(one["pipelines"]["silver_pipeline"] for one in RESOURCES if "pipelines" in one)


def notebook(job: dict[str, Any]) -> Path:
    path: str = job["tasks"][0]["notebook_task"]["notebook_path"]
    return (BUNDLE / "resources" / path).resolve()


@pytest.mark.parametrize("job", JOBS.values(), ids=JOBS)
def test_a_job_passes_exactly_the_widgets_of_its_notebook(job: dict[str, Any]) -> None:
    widgets = re.findall(r'dbutils\.widgets\.text\("(\w+)"', notebook(job).read_text())

    assert widgets == list(job["tasks"][0]["notebook_task"]["base_parameters"])


@pytest.mark.parametrize("job", JOBS.values(), ids=JOBS)
def test_a_job_is_atomic_and_serverless(job: dict[str, Any]) -> None:
    (task,), (environment,) = job["tasks"], job["environments"]

    assert job["tags"]["job_level"] == "atomic"
    assert task["environment_key"] == environment["environment_key"]
    assert environment["spec"]["environment_version"] == "4"


@pytest.mark.parametrize("job", JOBS.values(), ids=JOBS)
def test_a_notebook_counts_its_steps_without_a_gap(job: dict[str, Any]) -> None:
    steps = re.findall(r"\[Step (\d+)/(\d+)\]", notebook(job).read_text())

    assert [(int(n), int(total)) for n, total in steps] == [(n + 1, len(steps)) for n in range(len(steps))]
    assert steps


def test_every_notebook_belongs_to_one_job() -> None:
    notebooks = [
        file for file in (BUNDLE / "src/notebooks").glob("*.py") if file.read_text().startswith("# Databricks notebook")
    ]

    assert sorted(notebook(job) for job in JOBS.values()) == sorted(notebooks)


def test_layers_are_told_by_tags() -> None:
    layers = {key: job["tags"]["layer"] for key, job in JOBS.items()}

    assert layers == {
        "bronze_setup_job": "bronze",
        "reference_data_job": "bronze",
        "gold_setup_job": "gold_setup",
        "gold_merge_job": "gold_merge",
    }
    assert PIPELINE["tags"]["layer"] == "silver"


def test_the_pipeline_reads_only_configuration_that_is_passed() -> None:
    sources = "".join(file.read_text() for file in (BUNDLE / "src/pipeline").iterdir())
    read = set(re.findall(r"spark\.conf\.get\('(\w+)'\)", sources)) | set(re.findall(r"\$\{(\w+)\}", sources))

    assert read == set(PIPELINE["configuration"])


def test_every_python_source_compiles() -> None:
    for file in BUNDLE.rglob("*.py"):
        assert ast.parse(file.read_text(), str(file)).body


def test_every_variable_that_is_used_is_declared() -> None:
    declared = set(yaml.safe_load((BUNDLE / "databricks.yml").read_text())["variables"])
    used = {name for file in BUNDLE.rglob("*.yml") for name in re.findall(r"\$\{var\.(\w+)\}", file.read_text())}

    assert used == declared
