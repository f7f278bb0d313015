"""An approval allows exactly one act once, and silence allows nothing."""

from __future__ import annotations

import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from operations.question import Answer, Question, QuestionKind, QuestionStatus
from operations.questions import QuestionStore
from workspace.errors import ApprovalRequiredError, UsageError

NOW = datetime(2026, 11, 23, 21, 0, tzinfo=UTC)
ACT: dict[str, Any] = {"operation": "o", "resource": "jobs.gold", "action": "apply_fix", "digest": "d1"}


def question(**changes: Any) -> Question:
    given_values = {**ACT, "kind": QuestionKind.APPROVAL, "title": "Apply?", "body": "", "created_at": NOW}
    return Question(**{**given_values, "deadline": NOW + timedelta(hours=1), **changes})


def answer(asked: Question, option: str = "approve", **changes: Any) -> Answer:
    return Answer(**{"question": asked.id, "option": option, "by": "ann", "source": "terminal", "at": NOW, **changes})


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
    questions.ask(question())
    with pytest.raises(ApprovalRequiredError, match="has no answer yet"):
        questions.consume(**ACT, now=NOW)
    assert questions.answer_to("q-aaaaa") is None


def test_an_approval_is_worth_nothing_after_its_deadline(questions: QuestionStore) -> None:
    questions.answer(answer(questions.ask(question())))
    with pytest.raises(ApprovalRequiredError, match="too old"):
        questions.consume(**ACT, now=NOW + timedelta(hours=1))


def test_approve_on_a_question_that_is_no_approval_allows_nothing(questions: QuestionStore) -> None:
    options = ({"id": "approve", "label": "Yes"}, {"id": "no", "label": "No"})
    asked = questions.ask(question(kind=QuestionKind.CHOICE, options=options))
    questions.answer(answer(asked))
    with pytest.raises(ApprovalRequiredError):
        questions.consume(**ACT, now=NOW)


def test_a_newer_question_supersedes_the_open_one_of_its_resource(questions: QuestionStore) -> None:
    older, other = questions.ask(question()), questions.ask(question(resource="jobs.silver"))
    newer = questions.ask(question(digest="d2"))
    assert {each.id for each in questions.list("o")} == {other.id, newer.id}
    with pytest.raises(UsageError, match="was replaced by a newer one"):
        questions.answer(answer(older))


def test_an_answer_is_given_once(questions: QuestionStore) -> None:
    asked = questions.ask(question())
    questions.answer(answer(asked, "reject"))
    with pytest.raises(UsageError, match="is answered already"):
        questions.answer(answer(asked))


def test_an_answer_after_the_deadline_is_refused(questions: QuestionStore) -> None:
    asked = questions.ask(question())
    with pytest.raises(UsageError, match="expired"):
        questions.answer(answer(asked, at=NOW + timedelta(hours=2)))


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
    assert set(questions.expire(NOW + timedelta(hours=1))) == {approved.id, still_open.id}
    assert questions.get(approved.id).status is QuestionStatus.EXPIRED


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


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["ask", "approve", "reject", "consume", "expire"]),
        st.sampled_from(["d1", "d2"]),
        st.booleans(),
        st.integers(min_value=0, max_value=90),
    ),
    max_size=25,
)


@given(steps=STEPS)
@settings(max_examples=60, deadline=None)
def test_consumptions_never_exceed_approvals_of_exactly_that_digest(steps: list[tuple[str, str, bool, int]]) -> None:
    approved: Counter[str] = Counter()
    consumed: Counter[str] = Counter()
    newest: dict[str, Question] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "questions.sqlite3"
        stores = (QuestionStore(path), QuestionStore(path))
        for step, digest, second, minutes in steps:
            store, at = stores[second], NOW + timedelta(minutes=minutes)
            try:
                if step == "ask":
                    newest[digest] = store.ask(question(digest=digest))
                elif step == "consume":
                    store.consume(**{**ACT, "digest": digest}, now=at)
                    consumed[digest] += 1
                elif step == "expire":
                    store.expire(at)
                elif digest in newest:
                    store.answer(answer(newest[digest], step, at=at))
                    approved[digest] += step == "approve"
            except (UsageError, ApprovalRequiredError):
                pass
            assert all(consumed[each] <= approved[each] for each in ("d1", "d2"))
