from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bundleops.__main__ import main
from deployments.bundle_list import BUNDLES_FILE


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> object:
    monkeypatch.setattr(sys, "argv", ["bundleops", "deployments", "generate", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


@pytest.fixture
def bundles(tmp_path: Path) -> Path:
    file = tmp_path / "bundles.yaml"
    file.write_text(BUNDLES_FILE.read_text(encoding="utf-8"), encoding="utf-8")
    return file


def test_generate_writes_the_file_beside_the_list(monkeypatch: pytest.MonkeyPatch, bundles: Path) -> None:
    assert call(monkeypatch, "--bundles", str(bundles)) == 0
    assert "flows/operate.py:operate_bundle" in bundles.with_name("prefect.yaml").read_text(encoding="utf-8")


def test_check_passes_right_after_generate_and_fails_after_an_edit(
    monkeypatch: pytest.MonkeyPatch, bundles: Path
) -> None:
    call(monkeypatch, "--bundles", str(bundles))
    assert call(monkeypatch, "--bundles", str(bundles), "--check") == 0
    bundles.write_text(bundles.read_text(encoding="utf-8").replace("name: dev", "name: prod"), encoding="utf-8")
    assert call(monkeypatch, "--bundles", str(bundles), "--check") == 1


def test_check_writes_nothing(monkeypatch: pytest.MonkeyPatch, bundles: Path) -> None:
    assert call(monkeypatch, "--bundles", str(bundles), "--check") == 1
    assert not bundles.with_name("prefect.yaml").exists()


def test_a_mistake_in_the_list_is_one_line_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, bundles: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundles.write_text("bundles: []\n", encoding="utf-8")
    assert call(monkeypatch, "--bundles", str(bundles)) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
