"""What is counted on the evaluation set, on a handful of invented messages."""

from __future__ import annotations

import pytest

from diagnostics.evaluation import Answer, Message, answer, scores, wrong
from knowledge.pattern import Category, FixKind
from knowledge.registry import load_registry

ESCALATE, RETRY, SQL = FixKind.ESCALATE, FixKind.RETRY_WITH_BACKOFF, FixKind.FIX_SQL


def message(category: Category, *kinds: FixKind, surface: str = "job", text: str = "boom") -> Message:
    return Message(
        id="m-0",
        surface=surface,
        text=text,
        category=category,
        fix_kind=kinds,
        transient=False,
        source="here",
        note="why",
    )


def said(label: Message, category: Category, kind: FixKind, confidence: float = 0.85) -> Answer:
    return Answer(message=label, code="code", category=category, fix_kind=kind, transient=False, confidence=confidence)


RIGHT = said(message(Category.SQL, SQL, RETRY), Category.SQL, RETRY)
OTHER_CATEGORY = said(message(Category.SQL, SQL), Category.PIPELINE, SQL)
SILENT = said(message(Category.CLUSTER, ESCALATE), Category.UNKNOWN, ESCALATE, 0.0)
RIGHTLY_SILENT = said(message(Category.UNKNOWN, ESCALATE), Category.UNKNOWN, ESCALATE, 0.0)
PRESUMPTUOUS = said(message(Category.UNKNOWN, ESCALATE), Category.SQL, SQL, 0.5)


def test_no_answer_is_wrong_where_there_is_a_cause_even_when_a_person_is_asked_either_way() -> None:
    counted = scores([RIGHT, OTHER_CATEGORY, SILENT, SILENT])

    assert counted.coverage == pytest.approx(0.5)
    assert counted.category_accuracy == pytest.approx(0.25)
    assert counted.fix_kind_accuracy == pytest.approx(0.5)


def test_a_proposed_fix_is_wrong_where_there_is_no_cause() -> None:
    counted = scores([RIGHTLY_SILENT, PRESUMPTUOUS, RIGHT])

    assert counted.without_cause == 2
    assert counted.wrong_without_cause == pytest.approx(0.5)
    assert counted.fix_kind_accuracy == pytest.approx(1)


def test_the_wrong_ones_are_those_with_another_fix_or_category() -> None:
    assert wrong([RIGHT, OTHER_CATEGORY, SILENT, RIGHTLY_SILENT, PRESUMPTUOUS]) == (
        OTHER_CATEGORY,
        SILENT,
        PRESUMPTUOUS,
    )


def test_confusion_counts_labels_against_answers() -> None:
    assert scores([RIGHT, RIGHT, OTHER_CATEGORY, PRESUMPTUOUS]).confusion == {
        "sql": {"sql": 2, "pipeline": 1},
        "unknown": {"sql": 1},
    }


def test_reliability_compares_confidence_with_accuracy_of_what_was_answered() -> None:
    low, high = scores([RIGHT, RIGHT, PRESUMPTUOUS, SILENT]).reliability

    assert (low.messages, low.confidence, low.accuracy) == (1, 0.5, 0.0)
    assert (high.messages, high.accuracy) == (2, 1.0)
    assert high.confidence == pytest.approx(0.85)


def test_nothing_to_count_gives_zeros() -> None:
    assert scores([]).coverage == 0


def test_a_message_of_an_unnamed_step_of_the_bundle_is_diagnosed_as_a_deploy() -> None:
    label = message(Category.DEPLOYMENT, FixKind.EDIT_BUNDLE_YAML, surface="bundle", text="Error: no such thing: 7d1c")

    assert answer(label, load_registry()).message is label
