from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.errors import ApiError
from sandbox.genie_content import answers, migrated, parse

A, B = "a" * 32, "b" * 32
WHOLE: dict[str, Any] = {
    "version": 1,
    "config": {"sample_questions": [{"id": A, "question": ["How many?"]}]},
    "data_sources": {
        "tables": [{"identifier": "main.g.a", "description": ["A."]}, {"identifier": "main.g.b"}],
        "metric_views": [{"identifier": "main.g.m", "column_configs": [{"column_name": "x"}]}],
    },
    "instructions": {
        "text_instructions": [{"id": A, "content": ["Be ", "brief."]}],
        "sql_functions": [{"id": A, "identifier": "main.g.f"}, {"id": B, "identifier": "main.g.e"}],
        "example_question_sqls": [{"id": A, "question": ["Top?"], "sql": ["SELECT ", "2"]}],
    },
    "benchmarks": {
        "questions": [{"id": A, "question": ["How ", "late?"], "answer": [{"format": "SQL", "content": ["SELECT 1"]}]}]
    },
}


def changed(path: str, value: Any) -> str:
    content = json.loads(json.dumps(WHOLE))
    *steps, last = path.split(".")
    place = content
    for step in steps:
        place = place[step]
    place[last] = value
    return json.dumps(content)


def test_a_whole_space_is_read_and_knows_the_sql_of_its_questions() -> None:
    content = parse(json.dumps(WHOLE))
    assert list(answers(content)) == [("How late?", "SELECT 1"), ("Top?", "SELECT 2")]


def test_version_1_is_stored_as_version_2_with_its_data_sources() -> None:
    assert json.loads(migrated(parse('{"version": 1}'))) == {"version": 2, "data_sources": {}}
    assert migrated({"version": 2}) == '{"version": 2}'


def function(number: int) -> dict[str, str]:
    return {"id": f"{number:032x}", "identifier": "main.g.f"}


@pytest.mark.parametrize(
    ("serialized", "message"),
    [
        ("{", "Invalid JSON in field 'serialized_space'"),
        ("[]", "Invalid JSON in field 'serialized_space': expected an object"),
        ('{"version": 3}', "Unsupported version of serialized_space: 3"),
        (changed("config.name", "x"), "Invalid JSON in field 'serialized_space': unknown field 'name' in config"),
        (changed("data_sources.tables", [{"id": A, "identifier": "t"}]), "unknown field 'id' in data_sources.tables"),
        (changed("data_sources.tables", [{}]), "Missing required field: data_sources.tables.identifier"),
        (
            changed("config.sample_questions", [{"id": A, "question": "How many"}]),
            'Expected an array for question but found "How many"',
        ),
        (
            changed("data_sources.tables", [{"identifier": "b"}, {"identifier": "a"}]),
            "data_sources.tables must be sorted by identifier",
        ),
        (
            changed("instructions.sql_functions", [function(2), function(1)]),
            r"instructions.sql_functions must be sorted by \(id, identifier\)",
        ),
        (
            changed("instructions.sql_functions", [{"identifier": "main.g.f"}]),
            "Failed to retrieve schema from Unity Catalog",
        ),
        (
            changed("instructions.sql_functions", [function(number) for number in range(51)]),
            r"instructions.sql_functions exceeded maximum number \(50\)",
        ),
        (
            changed("config.sample_questions", [{"id": "1", "question": []}]),
            "Invalid id '1' in config.sample_questions",
        ),
        (changed("instructions.text_instructions", [{"id": A}, {"id": A}]), f"Duplicate id '{A}'"),
        (changed("benchmarks.questions", [{"id": A, "expected_sql": "x"}]), "unknown field 'expected_sql'"),
    ],
)
def test_what_databricks_refuses_is_refused(serialized: str, message: str) -> None:
    with pytest.raises(ApiError, match=message):
        parse(serialized)
