"""The demo starts its own programs, and nothing that lies about in the folder where it is called."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.script_modules import load_script


def test_a_module_of_the_current_folder_does_not_stand_in_for_one_of_pythons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = load_script("demo")
    (tmp_path / "json.py").write_text("raise SystemExit('not the json of Python')")
    monkeypatch.chdir(tmp_path)
    code, said = demo.sandbox(tmp_path / "sandbox", "status", quiet=True)
    assert (code, said) == (0, f"The sandbox is not running (state: {tmp_path / 'sandbox'}).\n")
