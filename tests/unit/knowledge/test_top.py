"""The ten most frequent faults: the playbook's to begin with, then what happens."""

from __future__ import annotations

from knowledge.registry import load_registry
from knowledge.top import LENGTH, top

REGISTRY = load_registry()


def test_without_any_failure_the_list_is_the_playbooks() -> None:
    found = top(REGISTRY, {})

    assert len(found) == LENGTH
    assert [one.code for one in found[:3]] == [
        "module-not-found",
        "table-or-view-not-found",
        "merge-duplicate-source-rows",
    ]


def test_a_fault_that_is_met_often_rises_to_the_first_place() -> None:
    first = top(REGISTRY, {"concurrent-write-conflict": 20})[0]

    assert (first.code, first.seen) == ("concurrent-write-conflict", 20)


def test_a_fault_that_was_met_once_displaces_none_of_the_seeded() -> None:
    assert top(REGISTRY, {"concurrent-write-conflict": 1}) == top(REGISTRY, {})


def test_a_code_without_a_page_is_left_out() -> None:
    assert all(one.code != "gone-code" for one in top(REGISTRY, {"gone-code": 99}))
