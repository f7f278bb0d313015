"""The plan from the files alone is the plan of the bundle as a workspace resolves it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from diagnostics.models import BundleSnapshot
from operations.plan_preview import PlanPreview, preview
from operations.planning.levels import Level
from tasks.preview_plan import preview_from_files
from tests.flows.services import ScriptedWorkspace
from workspace.resolved import resolved_bundle
from workspace.source_files import read_sources

ROOT = Path(__file__).resolve().parents[2]
PLANS = ROOT / "tests" / "fixtures" / "plans"
BUNDLES = (
    ROOT / "sandbox" / "bundles" / "flights",
    PLANS / "medallion_wheel",
    PLANS / "sql_pipelines",
    PLANS / "sequence_only",
    PLANS / "pipeline_and_refresh",
)


def resolved_there(folder: Path, workspace: ScriptedWorkspace, target: str) -> PlanPreview:
    line = [workspace.cli, "bundle", "validate", "-t", target, "-o", "json", "--include-locations"]
    environment = {**os.environ, "DATABRICKS_HOST": workspace.host, "DATABRICKS_TOKEN": workspace.token}
    end = subprocess.run(line, cwd=folder, check=False, capture_output=True, text=True, timeout=60, env=environment)
    assert end.returncode == 0, end.stderr
    resolved = resolved_bundle(json.loads(end.stdout), folder)
    return preview(BundleSnapshot(resolved=resolved, files=read_sources(folder, [])[0]), Level.ATOMIC)


@pytest.mark.parametrize("bundle", BUNDLES, ids=lambda path: path.name)
def test_both_plans_are_the_same(bundle: Path, tmp_path: Path, workspace: ScriptedWorkspace) -> None:
    copy = shutil.copytree(bundle, tmp_path / bundle.name)
    there, here = resolved_there(copy, workspace, "dev"), preview_from_files(copy, "dev", Level.ATOMIC)
    fields = {"key", "type", "level", "layer", "order", "needs"}
    assert [one.model_dump(include=fields) for one in here.resources] == [
        one.model_dump(include=fields) for one in there.resources
    ]
