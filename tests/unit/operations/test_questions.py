"""An approval allows exactly one act once, and silence allows nothing."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from operations.question import Question, QuestionKind, QuestionStatus
from operations.questions import QuestionStore
from tests.unit.operations import question_maker
from tests.unit.operations.question_maker import ACT, HOUR, answer
from workspace.errors import ApprovalRequiredError, StateError, UsageError

NOW = datetime(2026, 11, 23, 21, 0, tzinfo=UTC)


def question(**changes: Any) -> Question:
    return question_maker.question(**{"created_at": NOW, **changes})


@pytest.fixture
def questions(tmp_path: Path) -> QuestionStore:
    return QuestionStore(tmp_path / "questions.sqlite3")


def test_an_approval_is_consumed_once(questions: QuestionStore) -> None:
    asked = questions.ask(question())
    questions.answer(answer(asked))
    assert questions.consume(**ACT, now=NOW).by == "ann"
    with pytest.raises(ApprovalRequiredError, match="was used already"):
        questions.consume(**ACT, now=NOW)
    assert questions.get(asked.id).status is QuestionStatus.CONSUMED


def test_silence_is_no_approval(questions: QuestionStore) -> None:
    asked = questions.ask(question())
    with pytest.raises(ApprovalRequiredError, match=f"question {asked.id} has no answer yet"):
        questions.consume(**ACT, now=NOW)
    assert questions.answer_to(asked.id) is None


def test_an_approval_is_worth_nothing_after_its_deadline(questions: QuestionStore) -> None:
    questions.answer(answer(questions.ask(question())))
    with pytest.raises(ApprovalRequiredError, match="too old"):
        questions.consume(**ACT, now=NOW + HOUR)


def test_an_approval_counts_until_its_deadline(questions: QuestionStore) -> None:
    given = questions.answer(answer(questions.ask(question())))
    assert questions.consume(**ACT, now=NOW + HOUR - timedelta(microseconds=1)) == given


@pytest.mark.parametrize(
    "other",
    [{"operation": "o2"}, {"resource": "jobs.silver"}, {"resource": None}, {"action": "deploy"}, {"digest": "d2"}],
)
def test_an_approval_is_neither_good_nor_used_up_for_another_act(
    questions: QuestionStore, other: dict[str, Any]
) -> None:
    given = questions.answer(answer(questions.ask(question())))
    with pytest.raises(ApprovalRequiredError, match="nobody was asked about exactly this"):
        questions.consume(**{**ACT, **other}, now=NOW)
    assert questions.consume(**ACT, now=NOW) == given


def test_an_approval_of_the_whole_bundle_is_consumed(questions: QuestionStore) -> None:
    given = questions.answer(answer(questions.ask(question(resource=None))))
    assert questions.consume(**{**ACT, "resource": None}, now=NOW) == given


def test_two_approvals_of_the_same_act_allow_it_twice_oldest_first(questions: QuestionStore) -> None:
    given = []
    for minutes in (0, 1):
        asked = questions.ask(question(created_at=NOW + timedelta(minutes=minutes)))
        given.append(questions.answer(answer(asked)))
    assert [questions.consume(**ACT, now=NOW) for _ in given] == given


def test_approve_on_a_question_that_is_no_approval_allows_nothing(questions: QuestionStore) -> None:
    options = ({"id": "approve", "label": "Yes"}, {"id": "no", "label": "No"})
    asked = questions.ask(question(kind=QuestionKind.CHOICE, options=options))
    questions.answer(answer(asked))
    with pytest.raises(ApprovalRequiredError, match="nobody was asked about exactly this"):
        questions.consume(**ACT, now=NOW)


def test_a_newer_question_supersedes_the_open_one_of_its_resource(questions: QuestionStore) -> None:
    older, other = questions.ask(question()), questions.ask(question(resource="jobs.silver"))
    newer = questions.ask(question(digest="d2"))
    assert {each.id for each in questions.list(ACT["operation"])} == {other.id, newer.id}
    with pytest.raises(UsageError, match="was replaced or taken back"):
        questions.answer(answer(older))


def test_an_answer_is_given_once(questions: QuestionStore) -> None:
    asked = questions.ask(question())
    questions.answer(answer(asked, "reject"))
    with pytest.raises(UsageError, match="is answered already"):
        questions.answer(answer(asked))
    kept = questions.answer_to(asked.id)
    assert kept is not None
    assert kept.option == "reject"


def test_an_answer_after_the_deadline_is_refused(questions: QuestionStore) -> None:
    asked = questions.ask(question())
    with pytest.raises(UsageError, match="expired at 2026-11-23T22:00"):
        questions.answer(answer(asked, at=NOW + HOUR))
    assert questions.answer_to(asked.id) is None


def test_an_answer_that_is_not_offered_is_refused_with_those_that_are(questions: QuestionStore) -> None:
    asked = questions.ask(question())
    with pytest.raises(UsageError, match="it offers: approve, reject"):
        questions.answer(answer(asked, "yes"))


def test_an_unknown_question_cannot_be_answered(questions: QuestionStore) -> None:
    with pytest.raises(UsageError, match="There is no question q-zzzzz"):
        questions.answer(answer(question(id="q-zzzzz")))


def test_expiring_closes_open_questions_and_unused_approvals(questions: QuestionStore) -> None:
    approved = questions.ask(question())
    questions.answer(answer(approved))
    still_open = questions.ask(question(resource="jobs.silver"))
    later = questions.ask(question(resource="jobs.bronze", deadline=NOW + 2 * HOUR))
    assert set(questions.expire(NOW + HOUR)) == {approved.id, still_open.id}
    ended = {one.id: one.status for one in questions.list(only_open=False)}
    assert ended == {
        approved.id: QuestionStatus.EXPIRED, still_open.id: QuestionStatus.EXPIRED, later.id: QuestionStatus.OPEN,
    }  # fmt: skip


def test_the_answer_to_an_escalation_does_not_expire(questions: QuestionStore) -> None:
    asked = questions.ask(question(kind=QuestionKind.ESCALATION))
    questions.answer(answer(asked, "skip"))
    assert questions.expire(NOW + HOUR) == ()
    assert questions.get(asked.id).status is QuestionStatus.ANSWERED


def test_a_used_approval_does_not_expire(questions: QuestionStore) -> None:
    questions.answer(answer(questions.ask(question())))
    questions.consume(**ACT, now=NOW)
    assert questions.expire(NOW + HOUR) == ()


def test_an_escalation_offers_to_run_again_to_skip_and_to_stop() -> None:
    asked = question(kind=QuestionKind.ESCALATION)
    assert [option.id for option in asked.options] == ["run_again", "skip", "stop"]


def test_an_approval_without_a_digest_cannot_be_asked() -> None:
    with pytest.raises(ValidationError, match="the digest that it allows"):
        question(digest="")


def test_the_trail_tells_who_changed_what_from_where(questions: QuestionStore) -> None:
    asked = questions.ask(question())
    questions.answer(answer(asked, verified=True))
    questions.consume(**ACT, now=NOW)
    trail = questions.audit(asked.id)
    assert [row.change for row in trail] == ["asked", "answered", "consumed"]
    assert (trail[1].by, trail[1].source, trail[1].digest, trail[1].detail) == (
        "ann", "terminal", "d1", "approve, verified",
    )  # fmt: skip


def test_of_many_threads_that_consume_at_once_one_succeeds(questions: QuestionStore) -> None:
    questions.answer(answer(questions.ask(question())))

    def consumed(_number: int) -> bool:
        try:
            questions.consume(**ACT, now=NOW)
        except ApprovalRequiredError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(consumed, range(16))) == 1


def test_an_approval_that_another_process_is_using_up_is_waited_for_and_refused(questions: QuestionStore) -> None:
    asked = questions.ask(question())
    questions.answer(answer(asked))
    other = sqlite3.connect(questions.path, isolation_level=None)
    with closing(other), ThreadPoolExecutor(1) as pool:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE questions SET status = 'consumed' WHERE id = ?", (asked.id,))
        late = pool.submit(questions.consume, **ACT, now=NOW)
        with pytest.raises(TimeoutError):
            late.result(timeout=0.2)
        other.execute("COMMIT")
        with pytest.raises(ApprovalRequiredError, match="was used already"):
            late.result(timeout=30)


def test_another_process_sees_question_and_answer(questions: QuestionStore) -> None:
    asked = questions.ask(question(body="größe"))
    given = questions.answer(answer(asked, "reject", note="no"))
    later = QuestionStore(questions.path)
    assert later.get(asked.id) == asked.model_copy(update={"status": QuestionStatus.ANSWERED})
    assert later.answer_to(asked.id) == given


def test_an_id_that_is_taken_is_exchanged_for_a_free_one(questions: QuestionStore) -> None:
    first = questions.ask(question(id="q-aaaaa"))
    second = questions.ask(question(id="q-aaaaa", resource="jobs.silver"))
    assert (first.id, second.id != first.id) == ("q-aaaaa", True)
    assert questions.get(second.id).resource == "jobs.silver"


def test_secrets_in_title_and_body_are_not_stored(questions: QuestionStore) -> None:
    secret = "dapi" + "0123456789abcdef" * 2
    asked = questions.ask(question(title=f"run with {secret}?", body=f"token {secret}"))
    kept = questions.get(asked.id)
    assert (kept.title, kept.body) == ("run with [REDACTED]?", "token [REDACTED]")


def test_only_the_owner_can_read_the_store(questions: QuestionStore) -> None:
    questions.ask(question())
    modes = {path.name: path.stat().st_mode & 0o077 for path in questions.path.parent.glob("questions.*")}
    assert modes[questions.path.name] == 0
    assert set(modes.values()) == {0}


def test_a_store_that_is_no_database_says_that_nothing_was_approved(tmp_path: Path) -> None:
    path = tmp_path / "questions.sqlite3"
    path.write_bytes(b"this is no database, and it is longer than a header would be" * 20)
    with pytest.raises(StateError, match=r"questions\.sqlite3 cannot be used: .*nothing was approved"):
        QuestionStore(path)


def test_questions_that_are_taken_back_can_no_longer_be_answered(questions: QuestionStore) -> None:
    asked, other = questions.ask(question()), questions.ask(question(resource="jobs.silver"))
    assert questions.supersede(asked.operation, asked.resource) == (asked.id,)
    with pytest.raises(UsageError, match="was replaced or taken back"):
        questions.answer(answer(asked))
    assert [one.id for one in questions.list()] == [other.id]
