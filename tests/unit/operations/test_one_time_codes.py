"""A code proves who approves in Prefect's form: once, for one question, and it is kept as a hash only."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from operations.approval_policy import AnswerRefusedError
from operations.one_time_codes import MAX_WRONG_CODES, new_code
from operations.question import Answer, Question, QuestionStatus
from operations.questions import QuestionStore
from tests.unit.operations.question_maker import ACT, LONG_AGO, answer, question
from workspace.errors import ApprovalRequiredError, UsageError

ANN, BOB, EVE = "ann@example.com", "bob@example.com", "eve@example.com"
CODE, OTHER = "7KQ4M-WT3XZ", "22222-22222"


@pytest.fixture
def store(tmp_path: Path) -> QuestionStore:
    return QuestionStore(tmp_path / "questions.sqlite3")


def ask(store: QuestionStore, **changes: Any) -> Question:
    """Ask what only a verified person may approve, and send Ann a code for it."""
    asked = store.ask(question(needs_verified=True, **changes))
    store.keep_code(asked.id, ANN, CODE)
    return asked


def by_form(asked: Question, option: str = "approve") -> Answer:
    return answer(asked, option, by="unverified (Prefect UI)", source="prefect-ui")


def test_the_right_code_makes_the_answer_that_of_the_approver_it_was_sent_to(store: QuestionStore) -> None:
    asked = ask(store)
    given = store.answer(by_form(asked), CODE)
    assert (given.by, given.verified, given.proof) == (ANN, True, f"one-time code sent to {ANN}")
    assert store.audit(asked.id)[-1].detail == f"approve, verified: one-time code sent to {ANN}"
    assert store.consume(**ACT) == given


@pytest.mark.parametrize("typed", ["7kq4mwt3xz", " 7KQ4M WT3XZ ", "7KQ4M\u2013WT3XZ"])
def test_case_blanks_and_dashes_of_a_code_do_not_matter(store: QuestionStore, typed: str) -> None:
    assert store.answer(by_form(ask(store)), typed).verified


@pytest.mark.parametrize(
    ("typed", "why"), [(OTHER, "the one-time code is wrong"), ("", "no one-time code"), ("-", "is wrong")]
)
def test_without_the_right_code_the_question_stays_open(store: QuestionStore, typed: str, why: str) -> None:
    asked = ask(store)
    with pytest.raises(AnswerRefusedError, match=why):
        store.answer(by_form(asked), typed)
    assert store.get(asked.id).status is QuestionStatus.OPEN
    with pytest.raises(ApprovalRequiredError):
        store.consume(**ACT)


def test_a_code_is_good_for_its_own_question_only(store: QuestionStore) -> None:
    first, second = ask(store), store.ask(question(needs_verified=True, resource="jobs.other"))
    store.keep_code(second.id, ANN, OTHER)
    with pytest.raises(AnswerRefusedError):
        store.answer(by_form(first), OTHER)
    assert store.answer(by_form(second), OTHER).verified


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE codes SET approver = 'eve@example.com'",
        'UPDATE questions SET document = replace(document, \'"digest":"d1"\', \'"digest":"d2"\')',
    ],
)
def test_a_code_that_is_moved_to_another_person_or_act_proves_nothing(store: QuestionStore, change: str) -> None:
    asked = ask(store)
    with closing(sqlite3.connect(store.path)) as connection, connection:
        assert connection.execute(change).rowcount == 1
    with pytest.raises(AnswerRefusedError, match="the one-time code is wrong"):
        store.answer(by_form(asked), CODE)


def test_a_code_is_used_once(store: QuestionStore) -> None:
    asked = ask(store)
    store.answer(by_form(asked), CODE)
    assert store.code_holders(asked.id) == ()
    with pytest.raises(UsageError, match="is answered already"):
        store.answer(by_form(asked), CODE)


@pytest.mark.parametrize("end", ["answered", "superseded", "expired"])
def test_no_code_outlives_its_question(store: QuestionStore, end: str) -> None:
    asked = ask(store, **({"created_at": LONG_AGO} if end == "expired" else {}))
    if end == "answered":
        store.answer(by_form(asked, "reject"), CODE)
    elif end == "superseded":
        store.supersede(asked.operation, asked.resource)
    else:
        store.expire()
    assert store.get(asked.id).status == end
    assert kept(store) == []


def test_a_code_that_comes_after_the_deadline_approves_nothing(store: QuestionStore) -> None:
    asked = ask(store)
    with pytest.raises(UsageError, match="expired"):
        store.answer(by_form(asked).model_copy(update={"at": asked.deadline}), CODE)


def test_each_approver_has_a_code_of_their_own(store: QuestionStore) -> None:
    asked = ask(store)
    store.keep_code(asked.id, BOB, OTHER)
    assert store.code_holders(asked.id) == (ANN, BOB)
    assert store.answer(by_form(asked), OTHER).by == BOB


def test_after_too_many_wrong_codes_the_right_one_counts_no_more_but_credentials_do(store: QuestionStore) -> None:
    asked = ask(store)
    guess(store, asked, MAX_WRONG_CODES)
    assert store.code_holders(asked.id) == ()
    with pytest.raises(AnswerRefusedError, match="too many wrong one-time codes"):
        store.answer(by_form(asked), CODE)
    assert store.answer(answer(asked, by=ANN, verified=True)).by == ANN


def test_being_asked_anew_about_the_same_act_gives_no_new_attempts(store: QuestionStore) -> None:
    guess(store, ask(store), MAX_WRONG_CODES)
    assert store.code_holders(ask(store).id) == ()
    assert store.code_holders(ask(store, digest="d2").id) == (ANN,)


def test_every_wrong_code_is_in_the_trail_and_no_code_is(store: QuestionStore) -> None:
    asked = ask(store)
    guess(store, asked, 1)
    store.answer(by_form(asked), CODE)
    trail = store.audit(asked.id)
    assert [row.change for row in trail] == ["asked", "code sent", "wrong code", "answered"]
    assert not any(word in row.model_dump_json() for row in trail for word in ("7KQ4M", OTHER))


def test_only_a_salted_hash_of_a_code_is_kept(store: QuestionStore) -> None:
    first, second = ask(store), ask(store, resource="jobs.other")
    assert first.id != second.id
    hashes = kept(store)
    assert len(hashes) == len({salt for salt, _ in hashes}) == len({digest for _, digest in hashes}) == 2
    files = b"".join(file.read_bytes() for file in store.path.parent.iterdir())
    assert b"7KQ4M" not in files


def test_nobody_who_may_not_approve_gets_a_code(store: QuestionStore) -> None:
    asked = store.ask(question(needs_verified=True, approvers=(ANN,)))
    with pytest.raises(UsageError, match="could approve nothing"):
        store.keep_code(asked.id, EVE, CODE)


def test_a_right_code_of_somebody_who_may_not_approve_any_more_is_refused(store: QuestionStore) -> None:
    asked = store.ask(question(needs_verified=True, approvers=(ANN, BOB)))
    store.keep_code(asked.id, BOB, OTHER)
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.execute("UPDATE questions SET document = replace(document, ?, ?)", (f',"{BOB}"', ""))
    with pytest.raises(AnswerRefusedError, match="not among those who may approve"):
        store.answer(by_form(asked), OTHER)


def test_codes_are_random_and_easy_to_type() -> None:
    codes = {new_code() for _ in range(100)}
    assert len(codes) == 100
    assert all(len(code) == 11 and code[5] == "-" and not set(code) & set("01IOl") for code in codes)


def kept(store: QuestionStore) -> list[tuple[bytes, bytes]]:
    with closing(sqlite3.connect(store.path)) as connection:
        return connection.execute("SELECT salt, hash FROM codes").fetchall()


def guess(store: QuestionStore, asked: Question, times: int) -> None:
    for _ in range(times):
        with pytest.raises(AnswerRefusedError):
            store.answer(by_form(asked), OTHER)
