from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from workspace.settings import Settings

SCRIPT = Path(__file__).resolve().parents[3] / "scripts" / "generate_docs.py"


@pytest.fixture
def docs() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_docs", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_generated_page_is_what_it_is_made_of(docs: ModuleType) -> None:
    assert docs.differing() == [], "run `make docs`"


def test_every_setting_has_a_section_with_its_kind_bounds_and_default(docs: ModuleType) -> None:
    page = docs.settings_page()
    assert [name for name in Settings.model_fields if f"## BUNDLEOPS_{name.upper()}\n" not in page] == []
    assert "*whole number; at least 1; at most 32; default: `4`*" in page
    assert "*one of `off`, `propose`, `safe`; default: not set*" in page
    assert "*true or false; default: `true`*" in page
