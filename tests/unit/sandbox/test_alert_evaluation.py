from __future__ import annotations

from typing import Any

import pytest

from sandbox.alert_evaluation import EvaluationError, evaluate

ROWS = [["4", "late"], [None, "late"], ["8", "early"], ["3", "late"]]


def state(kind: str, threshold: dict[str, Any] | None = None, rows: Any = ROWS, **source: Any) -> str:
    evaluation = {"source": {"name": "n"} | source, "comparison_operator": kind, "threshold": threshold}
    return evaluate(evaluation, ["n", "what"], rows)


def value(number: float) -> dict[str, Any]:
    return {"value": {"double_value": number}}


@pytest.mark.parametrize(
    ("aggregation", "expected"),
    [
        (None, 4),
        ("SUM", 15),
        ("AVG", 5),
        ("MEDIAN", 4),
        ("MIN", 3),
        ("MAX", 8),
        ("COUNT", 3),
        ("COUNT_DISTINCT", 3),
        ("STDDEV", 2.6457513110645907),
    ],
)
def test_rows_become_one_number(aggregation: str | None, expected: float) -> None:
    source = {"aggregation": aggregation} if aggregation else {}
    assert state("EQUAL", value(expected), **source) == "TRIGGERED"
    assert state("NOT_EQUAL", value(expected), **source) == "OK"


@pytest.mark.parametrize(
    ("kind", "at_four", "at_three"),
    [
        ("GREATER_THAN", "OK", "TRIGGERED"),
        ("GREATER_THAN_OR_EQUAL", "TRIGGERED", "TRIGGERED"),
        ("LESS_THAN", "OK", "OK"),
        ("LESS_THAN_OR_EQUAL", "TRIGGERED", "OK"),
    ],
)
def test_the_first_row_is_compared_with_the_threshold(kind: str, at_four: str, at_three: str) -> None:
    assert (state(kind, value(4)), state(kind, value(3))) == (at_four, at_three)


def test_texts_are_compared_as_texts_and_numbers_in_texts_as_numbers() -> None:
    assert state("EQUAL", {"value": {"string_value": "late"}}, name="what") == "TRIGGERED"
    assert state("GREATER_THAN", {"value": {"string_value": "10"}}, [["9", ""]]) == "OK"


def test_a_threshold_can_be_another_column() -> None:
    assert state("LESS_THAN", {"column": {"name": "n", "aggregation": "MAX"}}) == "TRIGGERED"


def test_null_meets_only_the_operators_for_it() -> None:
    assert state("IS_NULL", rows=[[None, "x"]]) == "TRIGGERED"
    assert state("IS_NOT_NULL", rows=[[None, "x"]]) == "OK"
    assert state("NOT_EQUAL", value(1), rows=[[None, "x"]]) == "OK"


def test_a_boolean_is_compared_as_one() -> None:
    assert state("EQUAL", {"value": {"bool_value": True}}, [["true", ""]]) == "TRIGGERED"


@pytest.mark.parametrize(
    ("source", "threshold", "message"),
    [
        (
            {"name": "missing"},
            value(1),
            "Column 'missing' does not exist in the query result. Available columns: n, what",
        ),
        ({"name": "what"}, value(1), "'late' cannot be compared as a number"),
        ({"name": "what", "aggregation": "SUM"}, value(1), "'late' cannot be compared as a number"),
        ({"name": "n"}, {"value": {"bool_value": True}}, "'4' cannot be compared as a boolean"),
    ],
)
def test_what_cannot_be_compared_is_an_error(source: dict[str, Any], threshold: dict[str, Any], message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        state("EQUAL", threshold, **source)
