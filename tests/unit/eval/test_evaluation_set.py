"""The evaluation set is sound: every message labelled and with a source, none of them used to write a pattern."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from knowledge.pattern import Category, FixKind
from knowledge.registry import load_registry
from workspace.models import Surface

EVAL = Path(__file__).resolve().parents[2] / "eval"
SURFACES = {*Surface, "bundle"}
FIELDS = ["id", "surface", "text", "category", "fix_kind", "transient", "source", "note"]
MIN_MESSAGES = 300
MIN_WITHOUT_STANDARD_CAUSE = 0.06
NEAR_A_THIRD = (0.25, 0.42)
SAME_SHARE = 0.6
"""A text that makes up this share of another one is the same message, cut or with a frame around it."""


def messages(name: str) -> list[dict[str, Any]]:
    with (EVAL / f"{name}.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


VISIBLE, HELD_BACK = messages("visible"), messages("held_back")
ALL = VISIBLE + HELD_BACK


def folded(text: str) -> str:
    """Return the text as the ids are made from it: case and white space do not tell two messages apart."""
    return " ".join(text.split()).lower()


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def faults(message: dict[str, Any]) -> Iterator[str]:
    kinds = message["fix_kind"]
    checks = {
        f"fields {list(message)}": list(message) == FIELDS,
        f"surface {message['surface']}": message["surface"] in SURFACES,
        f"category {message['category']}": message["category"] in set(Category),
        f"fix kinds {kinds}": bool(kinds) and set(kinds) <= set(FixKind) and len(set(kinds)) == len(kinds),
        "transient is no truth value": isinstance(message["transient"], bool),
        "an empty field": all(message[field].strip() for field in ("text", "source", "note")),
        "the id is not made from the text": message["id"] == f"m-{sha256(folded(message['text']))[:10]}",
    }
    yield from (fault for fault, holds in checks.items() if not holds)


@pytest.mark.parametrize("message", ALL, ids=lambda message: str(message["id"]))
def test_a_message_is_labelled_and_has_a_source(message: dict[str, Any]) -> None:
    assert list(faults(message)) == []


def test_there_are_enough_messages() -> None:
    assert len(ALL) >= MIN_MESSAGES


def test_no_message_is_there_twice() -> None:
    ids = [message["id"] for message in ALL]
    assert len(set(ids)) == len(ids)


def test_the_hash_of_the_id_decides_what_is_held_back() -> None:
    def held_back(message: dict[str, Any]) -> bool:
        return int(sha256(message["id"]), 16) % 3 == 0

    assert [message["id"] for message in VISIBLE if held_back(message)] == []
    assert [message["id"] for message in HELD_BACK if not held_back(message)] == []
    low, high = NEAR_A_THIRD
    assert low <= len(HELD_BACK) / len(ALL) <= high


def test_some_messages_have_no_standard_cause() -> None:
    unknown = [message for message in ALL if message["category"] == Category.UNKNOWN]
    assert len(unknown) / len(ALL) >= MIN_WITHOUT_STANDARD_CAUSE
    assert {message["fix_kind"][0] for message in unknown} == {FixKind.ESCALATE}


def test_no_message_is_a_sample_of_a_pattern() -> None:
    samples = [
        (folded(sample.text), pattern.page) for pattern in load_registry().patterns for sample in pattern.samples
    ]
    texts = [(folded(message["text"]), message["id"]) for message in ALL]

    assert [(name, page) for text, name in texts for sample, page in samples if same(text, sample)] == []


def same(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    return shorter in longer and len(shorter) >= SAME_SHARE * len(longer)
