from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from unittest import mock

import pytest

from tests.unit.script_modules import load_script

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def setup() -> ModuleType:
    return load_script("setup")


def test_the_line_that_names_the_error_is_the_reason(setup: ModuleType) -> None:
    assert setup.reason(["Resolving", "error: no such wheel", "hint: look again"]) == "error: no such wheel"


def test_a_registry_out_of_reach_is_explained(setup: ModuleType) -> None:
    assert "check network and certificates" in setup.reason(["error: connection refused"])


def test_a_full_disk_is_explained(setup: ModuleType) -> None:
    assert setup.reason(["OSError: No space left on device"]).startswith("the disk is full")


def test_other_pins_are_another_fingerprint(setup: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "scripts").mkdir()
    for name in ("pyproject.toml", "constraints.txt", "scripts/setup.py"):
        (tmp_path / name).write_text("as it was", encoding="utf-8")
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    before = setup.fingerprint()
    (tmp_path / "constraints.txt").write_text("newer", encoding="utf-8")
    assert setup.fingerprint() != before


def test_an_environment_without_pip_is_not_whole(setup: ModuleType, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "half")], check=True)
    assert not setup.has_pip(tmp_path / "half" / "bin" / "python")
    assert not setup.has_pip(tmp_path / "none" / "bin" / "python")


def test_a_python_that_is_not_there_is_one_line() -> None:
    done = subprocess.run(["make", "setup", "PYTHON=nopython3"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2  # make's own code; it prints the 5 of the recipe
    assert done.stderr.splitlines()[0].startswith("setup: nopython3 is not there: install Python 3.11")
    assert "Error 5" in done.stderr


def test_a_module_of_the_current_folder_does_not_stand_in_for_pip(
    setup: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pip.py").write_text("raise SystemExit('this is not pip')")
    monkeypatch.chdir(tmp_path)
    assert setup.has_pip(Path(sys.executable))


def test_every_python_of_the_set_up_ignores_the_current_folder(
    setup: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    for name in ("python", "uv"):
        (tmp_path / "bin" / name).write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/{name}.log\n')
        (tmp_path / "bin" / name).chmod(0o700)
    monkeypatch.setattr(setup, "VENV", tmp_path)
    setup.make_environment()
    calls = (tmp_path / "python.log").read_text().splitlines()
    assert [call.split()[:3] for call in calls] == [["-P", "-m", module] for module in ("pip", "pip", "sandbox")]
    assert (tmp_path / "uv.log").read_text().startswith("pip install")


def test_an_old_python_can_read_the_check_of_its_age() -> None:
    source = (ROOT / "scripts" / "check_python.py").read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 4))
    newer = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr)
    assert not [node for node in ast.walk(tree) if isinstance(node, newer)]
    assert "__future__" not in source


def test_an_old_python_is_told_what_to_do_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    source = (ROOT / "scripts" / "check_python.py").read_text(encoding="utf-8")
    with mock.patch.object(sys, "version_info", (3, 6, 9)), pytest.raises(SystemExit) as ended:
        exec(compile(source, "check_python.py", "exec"), {})  # noqa: S102 - our own script
    assert ended.value.code == 5
    told = capsys.readouterr().err
    assert told.startswith("setup: Python 3.6.9 is too old: install Python 3.11 or newer")
    assert told.count("\n") == 1
