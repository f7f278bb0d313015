"""`bundleops operations` tells where each operation stands from what it left behind, without a workspace."""

from __future__ import annotations

import json
import os
import socket
from typing import Any

import pytest

from operations.events import Event
from operations.operation import Operation
from operations.questions import QuestionStore
from operations.store import StateStore
from tests.unit.operations.question_maker import question

PLANNED = [{"key": "jobs.load", "layer": "bronze"}, {"key": "jobs.merge", "layer": "gold_merge"}]


@pytest.fixture
def begun(state: StateStore, operation: Operation) -> Any:
    """The journal of an operation that has begun and verified one of two resources."""
    journal = state.open(operation.id).journal
    journal.append(Event.OPERATION_STARTED, bundle=operation.bundle, target="dev")
    journal.append(Event.RESOURCES_PLANNED, resources=PLANNED)
    journal.append(Event.RUN_VERIFIED, "jobs.load", 1, detail=[])
    return journal


def listed(bundleops: Any) -> dict[str, Any]:
    (one,) = json.loads(bundleops("operations", "list", "--output", "json").stdout)
    return dict(one)


def test_without_operations_the_list_says_so(bundleops: Any) -> None:
    assert bundleops("operations", "list").stdout == "No operations yet.\n"


def test_one_that_no_process_works_on_is_dead_and_can_be_resumed(
    bundleops: Any, begun: Any, operation: Operation
) -> None:
    del begun
    one = listed(bundleops)
    assert (one["status"], one["verified"], one["resources"]) == ("dead", 1, 2)
    assert one["resume"] == f"bundleops operate --resume {operation.id}"


@pytest.mark.parametrize(
    ("holder", "status"),
    [
        ({"host": socket.gethostname(), "pid": os.getpid()}, "running"),
        ({"host": socket.gethostname(), "pid": 2**22 + 1}, "dead"),
        ({"host": "another", "pid": 2**22 + 1}, "running"),
    ],
    ids=["alive", "died", "elsewhere"],
)
def test_a_living_process_is_named(bundleops: Any, begun: Any, holder: dict[str, Any], status: str) -> None:
    (begun.path.parent / "claim.json").write_text(json.dumps(holder | {"since": "2026-11-24T10:00:00+00:00"}))
    one = listed(bundleops)
    assert (one["status"], bool(one["worked_on_by"])) == (status, status == "running")


def test_an_ended_one_has_its_verdict_and_what_it_waits_for(
    bundleops: Any, begun: Any, operation: Operation, questions: QuestionStore
) -> None:
    asked = questions.ask(question(operation=operation.id))
    begun.append(Event.OPERATION_ENDED, verdict="waiting", exit_code=4, reason="a person has been asked")
    row = bundleops("operations", "list").stdout.splitlines()[1].split()
    assert row[:5] == [operation.id, "operate", "bundle", "dev", "waiting"]
    assert row[-1] == asked.id


def test_a_damaged_one_does_not_hide_the_others(bundleops: Any, begun: Any, state: StateStore) -> None:
    del begun
    damaged = state.operations_dir / "20200101-000000-aaaa"
    damaged.mkdir()
    found = json.loads(bundleops("operations", "list", "--output", "json").stdout)
    assert [one["status"] for one in found] == ["dead", "damaged"]


def test_the_report_is_shown_as_it_stands(bundleops: Any, begun: Any, operation: Operation) -> None:
    del begun
    assert "`jobs.load`" in bundleops("operations", "show", operation.id).stdout
    document = json.loads(bundleops("operations", "show", operation.id, "--output", "json").stdout)
    assert document["totals"]["by_status"] == {"verified": 1, "pending": 1}


@pytest.mark.parametrize("command", ["show", "resume"])
def test_an_unknown_operation_is_named(bundleops: Any, command: str) -> None:
    end = bundleops("operations", command, "20200101-000000-bbbb")
    assert (end.exit_code, "There is no operation 20200101-000000-bbbb" in end.stderr) == (2, True)
