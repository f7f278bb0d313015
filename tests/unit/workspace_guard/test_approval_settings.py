"""Who may approve is set by two variables that cannot contradict each other unnoticed."""

from __future__ import annotations

import pytest

from workspace.errors import UsageError
from workspace.settings import settings


def test_by_default_risky_approvals_need_any_verified_person() -> None:
    assert (settings().verified_approvals, settings().approvers) == ("risky", ())


def test_approvers_are_named_with_commas_between_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUNDLEOPS_APPROVERS", " ann@example.com,, bob@example.com ,")
    assert settings().approvers == ("ann@example.com", "bob@example.com")


def test_a_rule_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUNDLEOPS_VERIFIED_APPROVALS", "sometimes")
    with pytest.raises(UsageError, match="BUNDLEOPS_VERIFIED_APPROVALS"):
        settings()


def test_approvers_that_nobody_would_check_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUNDLEOPS_VERIFIED_APPROVALS", "never")
    monkeypatch.setenv("BUNDLEOPS_APPROVERS", "ann@example.com")
    with pytest.raises(UsageError, match=r"BUNDLEOPS_APPROVERS: .* while BUNDLEOPS_VERIFIED_APPROVALS is `never`"):
        settings()
