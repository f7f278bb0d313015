"""Bundles of a few lines, resolved from their files alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from workspace.resolver.resolve import OfflineBundle, resolve_offline

MAIN = "bundle: {name: shop}\n"
Resolve = Callable[..., OfflineBundle]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "shop"
    made.mkdir()
    return made


@pytest.fixture
def resolve(folder: Path) -> Resolve:
    """Resolve a bundle: the text of its main file after the name, and other files by path."""

    def resolved(main: str = "", files: Mapping[str, str] | None = None, target: str | None = None) -> OfflineBundle:
        for path, text in {"databricks.yml": MAIN + main, **(files or {})}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        return resolve_offline(folder, target)

    return resolved
