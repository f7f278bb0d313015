from __future__ import annotations

from pathlib import Path

import pytest

from workspace import source_files
from workspace.source_files import read_sources


def write(file: Path, text: str = "x") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def test_sources_are_read_and_what_is_no_source_is_not(tmp_path: Path) -> None:
    for name in ("a.py", "b/c.sql", ".venv/d.py", "env/pyvenv.cfg", "env/e.py", "f.bin", ".git/g.py"):
        write(tmp_path / name)
    assert read_sources(tmp_path, [])[0] == {"a.py": "x", "b/c.sql": "x"}


def test_folders_beside_the_bundle_are_read_by_their_way_from_it(tmp_path: Path) -> None:
    write(tmp_path / "bundle" / "a.py")
    write(tmp_path / "common" / "b.py")
    texts, untold = read_sources(tmp_path / "bundle", [".", "../common", "../nowhere"])
    assert (sorted(texts), untold) == (["../common/b.py", "a.py"], ())


def test_a_symlink_that_leaves_the_bundle_is_told_and_not_read(tmp_path: Path) -> None:
    write(tmp_path / "secret.py", "password")
    write(tmp_path / "bundle" / "a.py")
    (tmp_path / "bundle" / "link.py").symlink_to(tmp_path / "secret.py")
    (tmp_path / "bundle" / "folder").symlink_to(tmp_path)
    (tmp_path / "bundle" / "loop.py").symlink_to("loop.py")
    texts, untold = read_sources(tmp_path / "bundle", [])
    assert texts == {"a.py": "x"}
    assert untold == (
        "folder is a symlink that leaves the bundle and is not read",
        "link.py is a symlink that leaves the bundle and is not read",
        "loop.py is a symlink that leads nowhere and is not read",
    )


def test_a_symlink_within_the_bundle_is_read(tmp_path: Path) -> None:
    write(tmp_path / "a.py")
    (tmp_path / "b.py").symlink_to("a.py")
    assert read_sources(tmp_path, [])[0] == {"a.py": "x", "b.py": "x"}


def test_more_sources_than_are_read_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_files, "MAX_FILES", 2)
    for name in "abc":
        write(tmp_path / f"{name}.py")
    texts, untold = read_sources(tmp_path, [])
    assert (sorted(texts), len(untold)) == (["a.py", "b.py"], 1)
    assert "c.py and what follows is left out" in untold[0]
