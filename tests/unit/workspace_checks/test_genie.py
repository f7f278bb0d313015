from __future__ import annotations

import json
from typing import Any

import pytest
from databricks.sdk import WorkspaceClient

from tests.unit.workspace.conftest import LoopbackWorkspace
from tests.unit.workspace_checks.answers import STATEMENTS, refused, rows
from workspace.services.genie import check_space, differences
from workspace.services.statements import Place

PATH = "/api/2.0/genie/spaces/g-1"
PLACE = Place("w-1")


def content(*questions: tuple[str, str], **more: Any) -> dict[str, Any]:
    asked = [
        {"id": f"{number:032x}", "question": [text], "answer": [{"format": "SQL", "content": [query]}]}
        for number, (text, query) in enumerate(questions)
    ]
    return {"version": 1, "data_sources": {"tables": []}, "benchmarks": {"questions": asked}, **more}


def space(document: dict[str, Any] | None) -> dict[str, Any]:
    text = {} if document is None else {"serialized_space": json.dumps(document)}
    return {"space_id": "g-1", "title": "Sales", "warehouse_id": "w-2", **text}


def test_a_space_that_reads_back_equal_and_whose_benchmarks_return_rows_is_verified(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    document = content(("How many?", "SELECT count(*) FROM main.gold.sales"))
    workspace.answer("GET", PATH, space(document))
    workspace.answer("POST", STATEMENTS, rows(["7"]))
    check = check_space(client, "g-1", json.dumps(document), PLACE)
    assert (check.faults, len(check.details)) == ((), 2)
    assert workspace.asked(PATH)[0][2] == {"include_serialized_space": "true"}
    assert workspace.asked(STATEMENTS)[0][3]["warehouse_id"] == "w-2"


def test_a_space_that_reads_back_different_is_a_fault(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    workspace.answer("GET", PATH, space(content()))
    check = check_space(client, "g-1", content(instructions={"sql_functions": [{"id": "a"}]}), PLACE)
    assert "instructions differs" in check.faults[0].text


def test_a_benchmark_that_fails_or_returns_no_rows_is_named(
    workspace: LoopbackWorkspace, client: WorkspaceClient
) -> None:
    document = content(("Who?", "SELECT x"), ("When?", "SELECT 1 WHERE false"), ("How many?", "SELECT 1"))
    workspace.answer("GET", PATH, space(document))
    workspace.answer("POST", STATEMENTS, refused("[UNRESOLVED_COLUMN] x"), rows(), rows(["1"]))
    check = check_space(client, "g-1", document, PLACE)
    assert [fault.about for fault in check.faults] == ["Who?", "When?"]


def test_a_space_without_content_or_benchmarks_says_so(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    workspace.answer("GET", PATH, space(None), space(content()))
    assert "without its content" in check_space(client, "g-1", None, PLACE).faults[0].text
    findings = check_space(client, "g-1", None, PLACE).findings
    assert [finding.split(" ", 3)[3][:20] for finding in findings] == ["what was deployed is", "has no benchmark que"]


@pytest.mark.parametrize(
    ("expected", "found", "where"),
    [
        ({"a": 1}, {"a": 1, "added": 2}, []),
        ({"a": [{"id": "2"}, {"id": "1"}]}, {"a": [{"id": "1"}, {"id": "2"}]}, []),
        ({"a": []}, {}, []),
        ({"a": ["x", "y"]}, {"a": ["y", "x"]}, ["a[0] differs", "a[1] differs"]),
        ({"a": [1]}, {"a": [1, 2]}, ["a has 2 members, not 1"]),
        ({"a": {"b": "x"}}, {"a": {"b": "y"}}, ["a.b differs"]),
    ],
)
def test_documents_differ_in_what_counts(expected: Any, found: Any, where: list[str]) -> None:
    assert differences(expected, found) == where
