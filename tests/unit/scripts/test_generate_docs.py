from __future__ import annotations

from types import ModuleType

import pytest

from tests.unit.script_modules import load_script
from workspace.settings import Settings


@pytest.fixture
def docs() -> ModuleType:
    return load_script("generate_docs")


def test_every_generated_page_is_what_it_is_made_of(docs: ModuleType) -> None:
    assert docs.differing() == [], "run `make docs`"


def test_every_setting_has_a_section_with_its_kind_bounds_and_default(docs: ModuleType) -> None:
    page = docs.settings_page()
    assert [name for name in Settings.model_fields if f"## BUNDLEOPS_{name.upper()}\n" not in page] == []
    assert "*whole number; at least 1; at most 32; default: `4`*" in page
    assert "*one of `off`, `propose`, `safe`; default: not set*" in page
    assert "*true or false; default: `true`*" in page
