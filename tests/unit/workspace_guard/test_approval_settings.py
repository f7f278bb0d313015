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


def test_codes_are_sent_through_one_block_for_each_approver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUNDLEOPS_SEND_CODES_TO", "ann@example.com = slack-webhook/ann, bob=twilio-sms/bob,")
    assert settings().send_codes_to == {"ann@example.com": "slack-webhook/ann", "bob": "twilio-sms/bob"}


@pytest.mark.parametrize("value", ["ann@example.com", "ann=oncall", "=slack-webhook/ann", "ann=/ann"])
def test_who_gets_a_code_without_a_block_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("BUNDLEOPS_SEND_CODES_TO", value)
    with pytest.raises(UsageError, match=r"BUNDLEOPS_SEND_CODES_TO: .*NAME=TYPE/BLOCK"):
        settings()


def test_a_code_for_somebody_who_may_not_approve_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUNDLEOPS_APPROVERS", "Ann@example.com")
    monkeypatch.setenv("BUNDLEOPS_SEND_CODES_TO", "ann@example.com=slack-webhook/ann,eve=slack-webhook/eve")
    with pytest.raises(UsageError, match="does not name eve"):
        settings()


def test_codes_that_nobody_would_ask_for_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUNDLEOPS_VERIFIED_APPROVALS", "never")
    monkeypatch.setenv("BUNDLEOPS_SEND_CODES_TO", "ann=slack-webhook/ann")
    with pytest.raises(UsageError, match=r"BUNDLEOPS_SEND_CODES_TO: .*asked for a code"):
        settings()
