"""The demo starts its own programs, and nothing that lies about in the folder where it is called."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def test_a_module_of_the_current_folder_does_not_stand_in_for_one_of_pythons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = importlib.util.spec_from_file_location("demo_script", ROOT / "scripts" / "demo.py")
    assert spec is not None
    assert spec.loader is not None
    demo = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(demo)
    (tmp_path / "json.py").write_text("raise SystemExit('not the json of Python')")
    monkeypatch.chdir(tmp_path)
    code, said = demo.sandbox(tmp_path / "sandbox", "status", quiet=True)
    assert (code, said) == (0, f"The sandbox is not running (state: {tmp_path / 'sandbox'}).\n")
