"""An approval is found for exactly the act that a person allowed; a rejection and a late answer are remembered."""

from __future__ import annotations

from pathlib import Path

import pytest

from operations.approvals import given_answer, is_approved, rejected_digests
from operations.question import APPROVAL_OPTIONS, QuestionKind
from operations.questions import QuestionStore
from tests.unit.operations.question_maker import ACT, LONG_AGO, OPERATION, answered, draft, question

OTHERS = [
    {"digest": "d2"},
    {"resource": "jobs.silver"},
    {"action": "deploy_destructive_plan"},
    {"operation": "20261123-211502-aaaa"},
]
"""Each differs from the usual act in one thing only."""

NOBODY_USED: frozenset[str] = frozenset()


@pytest.fixture
def questions(tmp_path: Path) -> QuestionStore:
    return QuestionStore(tmp_path / "questions.sqlite3")


def test_an_approved_act_is_approved_however_often_one_looks(questions: QuestionStore) -> None:
    answered(questions)
    assert [is_approved(questions, OPERATION, draft()) for _ in range(2)] == [True, True]
    assert questions.consume(**ACT).option == "approve"


def test_an_act_is_not_approved_before_the_answer(questions: QuestionStore) -> None:
    questions.ask(question())
    assert not is_approved(questions, OPERATION, draft())


@pytest.mark.parametrize("other", OTHERS, ids=lambda other: next(iter(other)))
def test_the_approval_of_another_act_is_none_of_this_one(questions: QuestionStore, other: dict[str, str]) -> None:
    answered(questions, **other)
    assert not is_approved(questions, OPERATION, draft())
    assert given_answer(questions, OPERATION, draft(), NOBODY_USED) is None


def test_a_rejected_act_is_not_approved(questions: QuestionStore) -> None:
    answered(questions, "reject")
    assert not is_approved(questions, OPERATION, draft())


def test_an_approval_that_was_used_is_none_any_more(questions: QuestionStore) -> None:
    answered(questions)
    questions.consume(**ACT)
    assert not is_approved(questions, OPERATION, draft())
    assert given_answer(questions, OPERATION, draft(), NOBODY_USED) is None


def test_an_approval_ends_with_the_deadline_of_its_question(questions: QuestionStore) -> None:
    answered(questions, created_at=LONG_AGO)
    assert not is_approved(questions, OPERATION, draft())
    assert given_answer(questions, OPERATION, draft(), NOBODY_USED) is None


@pytest.mark.parametrize("kind", [QuestionKind.CHOICE, QuestionKind.ESCALATION])
def test_approve_on_a_question_that_is_no_approval_approves_nothing(
    questions: QuestionStore, kind: QuestionKind
) -> None:
    answered(questions, kind=kind, options=APPROVAL_OPTIONS)
    assert not is_approved(questions, OPERATION, draft())


def test_a_second_question_about_the_same_act_leaves_its_approval_as_it_is(questions: QuestionStore) -> None:
    answered(questions)
    questions.ask(question())
    assert is_approved(questions, OPERATION, draft())


def test_a_replaced_question_approves_nothing(questions: QuestionStore) -> None:
    questions.ask(question())
    answered(questions, digest="d2")
    assert not is_approved(questions, OPERATION, draft())
    assert is_approved(questions, OPERATION, draft(digest="d2"))


def test_what_a_person_rejected_is_remembered_by_its_digest(questions: QuestionStore) -> None:
    answered(questions, "reject")
    answered(questions, "reject", digest="d2")
    answered(questions, "approve", digest="d3")
    questions.ask(question(digest="d4"))
    assert rejected_digests(questions, OPERATION, "jobs.gold") == {"d1", "d2"}


def test_a_rejection_outlives_its_deadline(questions: QuestionStore) -> None:
    asked = answered(questions, "reject", created_at=LONG_AGO)
    assert questions.expire() == (asked.id,)
    assert rejected_digests(questions, OPERATION, "jobs.gold") == {"d1"}


@pytest.mark.parametrize("other", [{"resource": "jobs.silver"}, {"operation": "20261123-211502-aaaa"}])
def test_a_rejection_elsewhere_rejects_nothing_here(questions: QuestionStore, other: dict[str, str]) -> None:
    answered(questions, "reject", **other)
    assert rejected_digests(questions, OPERATION, "jobs.gold") == frozenset()


def test_to_skip_or_stop_rejects_no_act(questions: QuestionStore) -> None:
    for option in ("skip", "stop"):
        answered(questions, option, kind=QuestionKind.ESCALATION)
    assert rejected_digests(questions, OPERATION, "jobs.gold") == frozenset()


@pytest.mark.parametrize("option", ["approve", "reject"])
def test_an_answer_that_nobody_waited_for_is_given(questions: QuestionStore, option: str) -> None:
    asked = answered(questions, option)
    given = given_answer(questions, OPERATION, draft(), NOBODY_USED)
    assert given is not None
    assert (given.question, given.option) == (asked.id, option)


def test_no_answer_is_given_while_there_is_none(questions: QuestionStore) -> None:
    questions.ask(question())
    assert given_answer(questions, OPERATION, draft(), NOBODY_USED) is None


def test_an_answer_that_was_used_is_not_given_again(questions: QuestionStore) -> None:
    asked = answered(questions, "run_again", kind=QuestionKind.ESCALATION)
    assert given_answer(questions, OPERATION, draft(), frozenset({asked.id})) is None


def test_after_a_used_answer_the_next_one_to_the_same_question_is_given(questions: QuestionStore) -> None:
    used = answered(questions, "run_again", kind=QuestionKind.ESCALATION)
    fresh = answered(questions, "skip", kind=QuestionKind.ESCALATION)
    given = given_answer(questions, OPERATION, draft(), frozenset({used.id}))
    assert given is not None
    assert (given.question, given.option) == (fresh.id, "skip")


def test_an_answer_to_an_escalation_is_given_after_its_deadline_too(questions: QuestionStore) -> None:
    asked = answered(questions, "skip", kind=QuestionKind.ESCALATION, created_at=LONG_AGO)
    given = given_answer(questions, OPERATION, draft(), NOBODY_USED)
    assert given is not None
    assert given.question == asked.id
