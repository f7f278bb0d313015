from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from workspace.errors import UsageError
from workspace.settings import Settings, settings


def test_defaults_need_no_environment() -> None:
    found = settings()
    assert found.cli == "databricks"
    assert found.max_iterations == 3
    assert found.state_dir.is_absolute()


def test_a_variable_sets_its_field(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BUNDLEOPS_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("BUNDLEOPS_RUN_TIMEOUT_MINUTES", "5")
    assert settings().state_dir == tmp_path
    assert settings().run_timeout_minutes == 5


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUNDLEOPS_HEAL", "")
    assert settings().heal is None


@pytest.mark.parametrize(
    ("variable", "value"),
    [("BUNDLEOPS_MAX_ITERATIONS", "4"), ("BUNDLEOPS_HEAL", "always"), ("BUNDLEOPS_CLI_TIMEOUT_SECONDS", "soon")],
)
def test_a_value_that_is_not_allowed_is_named(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(UsageError, match=variable):
        settings()


def test_a_mistyped_variable_is_refused_with_the_nearest_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUNDLEOPS_MAX_ITERATION", "2")
    with pytest.raises(UsageError, match="Did you mean BUNDLEOPS_MAX_ITERATIONS"):
        settings()


def test_variables_of_the_sandbox_are_left_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUNDLEOPS_SANDBOX_HEAP", "1g")
    assert settings().profile is None


def test_settings_do_not_change_after_reading() -> None:
    found = settings()
    with pytest.raises(ValidationError, match="frozen"):
        found.heal = "safe"  # type: ignore[misc]  # the point of the test


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
