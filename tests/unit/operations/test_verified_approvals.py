"""Where a verified person is needed, nobody else's approval is taken, and a forged one allows nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from operations.approval_policy import AnswerRefusedError
from operations.approvals import given_answer, is_approved
from operations.question import Answer, Question, QuestionStatus
from operations.questions import QuestionStore
from tests.unit.operations.question_maker import ACT, OPERATION, answer, draft, question
from workspace.errors import ApprovalRequiredError, StateError

ANN, EVE = "ann@example.com", "eve@example.com"


@pytest.fixture
def questions(tmp_path: Path) -> QuestionStore:
    return QuestionStore(tmp_path / "questions.sqlite3")


@pytest.fixture
def asked(questions: QuestionStore) -> Question:
    return questions.ask(question(needs_verified=True, approvers=(ANN,)))


def forge(questions: QuestionStore, asked: Question, given: Answer, **columns: str) -> None:
    """Write an answer past the store, as whoever can write its file could."""
    changes = {"status": "answered", **columns}
    with closing(sqlite3.connect(questions.path)) as connection, connection:
        row = (asked.id, "approve", given.model_dump_json())
        connection.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", row)
        for column, value in changes.items():
            connection.execute(f"UPDATE questions SET {column} = ? WHERE id = ?", (value, asked.id))  # noqa: S608 - names of this file


def test_a_verified_approver_approves_once(questions: QuestionStore, asked: Question) -> None:
    given = questions.answer(answer(asked, by=ANN, verified=True))
    assert is_approved(questions, OPERATION, draft())
    assert questions.consume(**ACT) == given
    assert not is_approved(questions, OPERATION, draft())


def test_an_unverified_approval_is_refused_with_the_way_to_give_it(questions: QuestionStore, asked: Question) -> None:
    with pytest.raises(AnswerRefusedError) as refused:
        questions.answer(answer(asked, by="ann", why_unverified="no network"))
    text = str(refused.value)
    assert text.startswith(
        f"Question {asked.id} was not approved and stays open: nobody proved to be ann (no network)."
    )
    assert f"Only one of {ANN} can approve this" in text
    assert f"bundleops answer {asked.id} approve --profile YOUR_PROFILE" in text


def test_somebody_else_cannot_approve(questions: QuestionStore, asked: Question) -> None:
    with pytest.raises(AnswerRefusedError, match=r"eve@example\.com is not among those who may approve it"):
        questions.answer(answer(asked, by=EVE, verified=True))


def test_a_refused_approval_leaves_the_question_open_for_the_right_person(
    questions: QuestionStore, asked: Question
) -> None:
    with pytest.raises(AnswerRefusedError):
        questions.answer(answer(asked))
    assert (questions.get(asked.id).status, questions.answer_to(asked.id)) == (QuestionStatus.OPEN, None)
    questions.answer(answer(asked, by=ANN, verified=True))
    assert questions.consume(**ACT).by == ANN


def test_a_refused_approval_is_in_the_trail(questions: QuestionStore, asked: Question) -> None:
    with pytest.raises(AnswerRefusedError):
        questions.answer(answer(asked, by=EVE, verified=True, place="eve@laptop"))
    row = questions.audit(asked.id)[-1]
    assert (row.change, row.by, row.source, row.digest) == ("refused", EVE, "terminal (eve@laptop)", "d1")
    assert row.detail == f"approve: {EVE} is not among those who may approve it"


def test_anybody_can_reject(questions: QuestionStore, asked: Question) -> None:
    questions.answer(answer(asked, "reject", why_unverified="no network"))
    assert questions.get(asked.id).status is QuestionStatus.ANSWERED
    assert questions.audit(asked.id)[-1].detail == "reject, unverified: no network"


def test_the_trail_says_when_the_operation_approves_its_own_act(questions: QuestionStore) -> None:
    asked = questions.ask(question(needs_verified=True, operator=ANN.upper()))
    questions.answer(answer(asked, by=ANN, verified=True))
    assert questions.audit(asked.id)[-1].detail == "approve, verified, same identity as the operation"


FORGED = [
    {"by": ANN, "verified": False},
    {"by": EVE, "verified": True},
    {"by": ANN, "verified": True, "question": "q-aaaaa"},
    {"by": ANN, "verified": True, "option": "reject"},
]
"""Unverified, of somebody else, given to another question, and no approval at all."""


@pytest.mark.parametrize("forged", FORGED, ids="-".join)
def test_a_forged_answer_allows_nothing(
    questions: QuestionStore, asked: Question, forged: dict[str, str | bool]
) -> None:
    forge(questions, asked, answer(asked).model_copy(update=forged))
    assert not is_approved(questions, OPERATION, draft())
    with pytest.raises(ApprovalRequiredError, match=asked.id):
        questions.consume(**ACT)
    assert questions.get(asked.id).status is QuestionStatus.ANSWERED


@pytest.mark.parametrize(("column", "value"), [("action", "destroy_bundle"), ("digest", "d2"), ("resource", "bundle")])
def test_an_approval_that_is_moved_to_another_act_allows_nothing(
    questions: QuestionStore, asked: Question, column: str, value: str
) -> None:
    forge(questions, asked, answer(asked, by=ANN, verified=True), **{column: value})
    with pytest.raises(ApprovalRequiredError, match="does not fit the question"):
        questions.consume(**{**ACT, column: value})


def test_the_refusal_of_an_act_says_why_its_answer_does_not_count(questions: QuestionStore, asked: Question) -> None:
    forge(questions, asked, answer(asked, by="ann"))
    with pytest.raises(ApprovalRequiredError, match="an answer that does not count: nobody proved to be ann"):
        questions.consume(**ACT)


def test_an_answer_that_does_not_count_is_not_given_to_the_operation(questions: QuestionStore, asked: Question) -> None:
    forge(questions, asked, answer(asked))
    assert given_answer(questions, OPERATION, draft(), frozenset()) is None
    assert questions.answer_to(asked.id) is None


def test_behind_a_forged_answer_the_real_one_is_found(questions: QuestionStore, asked: Question) -> None:
    forge(questions, asked, answer(asked))
    again = questions.ask(question(needs_verified=True, approvers=(ANN,)))
    given = questions.answer(answer(again, by=ANN, verified=True))
    assert questions.consume(**ACT) == given


def test_a_damaged_answer_approves_nothing_and_says_so(questions: QuestionStore, asked: Question) -> None:
    forge(questions, asked, answer(asked))
    with closing(sqlite3.connect(questions.path)) as connection, connection:
        connection.execute("UPDATE answers SET document = '{}'")
    with pytest.raises(StateError, match=r"is damaged\. Nothing was approved"):
        questions.consume(**ACT)
