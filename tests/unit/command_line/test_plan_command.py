"""`bundleops plan` reads the bundle's files and needs nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PLANS = Path(__file__).resolve().parents[2] / "fixtures" / "plans"


def call(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A call without credentials, CLI or home, as on a machine that has nothing but bundleops."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("DATABRICKS", "BUNDLEOPS"))}
    environment = {**clean, "HOME": "/nonexistent", "PATH": "/nonexistent", **variables}
    line = [sys.executable, "-m", "bundleops", "plan", *arguments]
    return subprocess.run(line, check=False, capture_output=True, text=True, timeout=120, env=environment)


def test_json_is_exactly_resources_and_unresolved(tmp_path: Path) -> None:
    end = call(str(PLANS / "sql_warehouse"), "-t", "dev", "--output", "json", BUNDLEOPS_STATE_DIR=str(tmp_path / "s"))
    document = json.loads(end.stdout)
    assert (end.returncode, end.stderr) == (0, "")
    assert list(document) == ["resources", "unresolved"]
    assert [list(one) for one in document["resources"]] == [
        ["key", "type", "level", "layer", "order", "needs", "why"]
    ] * 2
    assert [one["order"] for one in document["resources"]] == [1, 2]
    assert "'Shared Warehouse' is looked up" in document["unresolved"][0]
    assert not (tmp_path / "s").exists(), "nothing is recorded"


def test_a_bundle_without_resources_has_an_empty_plan(tmp_path: Path) -> None:
    (tmp_path / "databricks.yml").write_text("bundle: {name: empty}\n", encoding="utf-8")
    end = call(str(tmp_path), "-o", "json")
    assert (end.returncode, json.loads(end.stdout)) == (0, {"resources": [], "unresolved": []})


def test_text_says_what_runs_at_a_level() -> None:
    end = call(str(PLANS / "three_levels"), "--level", "composite")
    rows = {line.split()[2]: line for line in end.stdout.splitlines() if line[:1].isdigit()}
    assert "jobs.semantic_layer_setup_job runs it" in rows["jobs.tvf_deployment_job"]
    assert " yes " in rows["jobs.semantic_layer_setup_job"]
    assert "Not known:" in end.stdout


@pytest.mark.parametrize(
    ("text", "arguments", "code", "words"),
    [
        ("bundle: [", (), 3, "databricks.yml:2:1: this is no YAML"),
        ("bundle: {name: x}\n", ("-t", "prod"), 2, "prod: no such target. Available targets: default"),
        ("bundle: {name: x}\nresources: {jobs: {a: {name: '${var.no}'}}}\n", (), 3, "databricks.yml:2:"),
    ],
)
def test_bad_input_is_told_in_one_line_with_its_exit_code(
    tmp_path: Path, text: str, arguments: tuple[str, ...], code: int, words: str
) -> None:
    (tmp_path / "databricks.yml").write_text(text, encoding="utf-8")
    end = call(str(tmp_path), *arguments, "-o", "json")
    assert end.returncode == code, end
    assert words in end.stderr
    assert end.stderr.startswith("bundleops: ")
    assert "Traceback" not in end.stderr
