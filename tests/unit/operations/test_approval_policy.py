"""Risky approvals need a verified person by default; what approves nothing, and what risks nothing, does not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from operations.approval_policy import approvers_of, how_to_approve, needs_verified_person, question_of, refusal_of
from operations.operation import Operation
from operations.question import ON_SILENCE, Question, QuestionKind
from operations.records import Records
from operations.store import OperationFolder
from tests.unit.operations.question_maker import HOUR, answer, draft, question
from workspace.guard import DestructiveAction
from workspace.models import ResolvedBundle

SERVICE_PRINCIPAL = "0f3c9a52-6d1e-4b7a-9c11-2f60f5a3e8b4"
ANN = "ann@example.com"


def risky(action: str, kind: QuestionKind = QuestionKind.APPROVAL, *, production: bool = False) -> bool:
    return needs_verified_person(kind, action, production=production, rule="risky")


@pytest.mark.parametrize("action", [*DestructiveAction, "something_new"])
def test_what_may_lose_something_needs_a_verified_person_on_every_target(action: str) -> None:
    assert risky(action)


@pytest.mark.parametrize("action", ["apply_fix", "deploy", "run_resource"])
def test_what_loses_nothing_needs_one_on_production_only(action: str) -> None:
    assert (risky(action), risky(action, production=True)) == (False, True)


@pytest.mark.parametrize("kind", [QuestionKind.ESCALATION, QuestionKind.CHOICE])
@pytest.mark.parametrize("rule", ["always", "risky", "never"])
def test_what_approves_nothing_needs_no_proof(kind: QuestionKind, rule: str) -> None:
    assert not needs_verified_person(kind, "destroy_bundle", production=True, rule=rule)  # type: ignore[arg-type] # a literal


def test_the_rule_can_be_made_stricter_and_be_switched_off() -> None:
    approval = QuestionKind.APPROVAL
    assert needs_verified_person(approval, "apply_fix", production=False, rule="always")
    assert not needs_verified_person(approval, "destroy_bundle", production=True, rule="never")


def test_a_question_says_who_may_approve_and_what_silence_means(
    folder: OperationFolder, request_of_operation: Operation, monkeypatch: pytest.MonkeyPatch
) -> None:
    del folder
    monkeypatch.setenv("BUNDLEOPS_APPROVERS", f"{ANN}, bob@example.com")
    destroy = draft(action="destroy_bundle", on_silence="Nothing is destroyed.")
    asked = question_of(destroy, request_of_operation, datetime.now(UTC) + HOUR, production=False)
    assert (asked.needs_verified, asked.approvers) == (True, (ANN, "bob@example.com"))
    assert (asked.on_silence, asked.operation) == ("Nothing is destroyed.", request_of_operation.id)


def test_a_question_that_anybody_may_approve_names_no_approvers(
    folder: OperationFolder, request_of_operation: Operation, monkeypatch: pytest.MonkeyPatch
) -> None:
    del folder
    monkeypatch.setenv("BUNDLEOPS_APPROVERS", ANN)
    asked = question_of(draft(), request_of_operation, datetime.now(UTC) + HOUR, production=False)
    assert (asked.needs_verified, asked.approvers, asked.on_silence) == (False, (), ON_SILENCE)


def test_a_question_knows_as_whom_the_operation_works(folder: OperationFolder, request_of_operation: Operation) -> None:
    del folder
    place = {"name": "shop", "target": "dev", "mode": None, "root": "/c", "remote_root": "/r"}
    Records(request_of_operation).save_bundle(ResolvedBundle(**place, user=ANN, variables={}, resources=()))
    asked = question_of(draft(), request_of_operation, datetime.now(UTC) + HOUR, production=True)
    assert asked.operator == ANN


def asked_of(*approvers: str) -> Question:
    return question(needs_verified=True, approvers=approvers)


def test_an_unverified_approval_is_refused_with_what_kept_the_proof_away() -> None:
    asked = asked_of()
    assert refusal_of(asked, answer(asked, why_unverified="no network")) == "nobody proved to be ann (no network)"


@pytest.mark.parametrize(("by", "counts"), [(ANN, True), ("Ann@Example.com", True), ("bob@example.com", False)])
def test_only_those_who_are_named_can_approve(by: str, *, counts: bool) -> None:
    asked = asked_of(ANN)
    assert (refusal_of(asked, answer(asked, by=by, verified=True)) == "") is counts


def test_a_name_without_proof_is_worth_nothing() -> None:
    asked = asked_of(ANN)
    assert refusal_of(asked, answer(asked, by=ANN))


def test_a_service_principal_is_no_person_unless_it_is_named() -> None:
    asked, named = asked_of(), asked_of(SERVICE_PRINCIPAL)
    assert "no person" in refusal_of(asked, answer(asked, by=SERVICE_PRINCIPAL, verified=True))
    assert refusal_of(named, answer(named, by=SERVICE_PRINCIPAL, verified=True)) == ""


def test_whoever_does_not_approve_needs_no_proof() -> None:
    asked = asked_of(ANN)
    assert refusal_of(asked, answer(asked, "reject")) == ""


def test_who_can_approve_is_told_in_words() -> None:
    escalation = question(kind=QuestionKind.ESCALATION)
    told = [approvers_of(one) for one in (escalation, question(), asked_of(), asked_of(ANN, "bob@example.com"))]
    assert told == ["-", "anybody", "a verified person", f"verified: {ANN}, bob@example.com"]


def test_how_to_approve_names_the_command_where_it_needs_proof() -> None:
    asked = asked_of(ANN)
    assert f"bundleops answer {asked.id} approve --profile YOUR_PROFILE" in how_to_approve(asked)
    assert how_to_approve(question()) == ""
