from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bundleops.__main__ import app
from bundleops.commands import doctor
from bundleops.commands.doctor import run_checks
from workspace.errors import SetupError


def failing() -> str:
    raise SetupError("no way. Mend it so.")


def good() -> str:
    return "fine"


def test_what_needs_the_workspace_is_left_out_where_it_cannot_be_reached() -> None:
    results = run_checks({"workspace": failing, "rights": failing, "warehouse": good, "knowledge": good})
    assert [(one.check, one.ok, one.needed) for one in results] == [
        ("workspace", False, True),
        ("rights", False, False),
        ("warehouse", False, False),
        ("knowledge", True, True),
    ]


def test_a_missing_warehouse_warns_and_a_missing_right_fails() -> None:
    results = run_checks({"workspace": good, "rights": failing, "warehouse": failing})
    assert [(one.ok, one.needed) for one in results] == [(True, True), (False, True), (False, False)]
    assert results[1].text == "no way. Mend it so."


def test_every_check_says_how_to_mend_what_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUNDLEOPS_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("BUNDLEOPS_CLI", "/no/databricks")
    monkeypatch.setenv("BUNDLEOPS_PROFILE", "absent")
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setattr(doctor, "_prefect", good)
    end = CliRunner().invoke(app, ["doctor", "--output", "json"])
    found = {one["check"]: one for one in json.loads(end.stdout)}
    assert end.exit_code == 5
    assert "databricks auth login" in found["workspace"]["text"]
    assert "Install it" in found["databricks CLI"]["text"]
    assert {name for name, one in found.items() if one["ok"]} == {"state directory", "knowledge", "prefect"}


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUNDLEOPS_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr(doctor, "LEAST_FREE_BYTES", 2**60)
    (result,) = run_checks({"state directory": doctor._state})  # noqa: SLF001 - the check itself
    assert not result.ok
    assert "BUNDLEOPS_STATE_DIR to a folder on another disk" in result.text
