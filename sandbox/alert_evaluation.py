"""What an alert's state is, given the result of its query. Pure functions."""

from __future__ import annotations

import math
import operator
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Row = Sequence[str | None]
AGGREGATIONS = ("AVG", "COUNT", "COUNT_DISTINCT", "MAX", "MEDIAN", "MIN", "STDDEV", "SUM")
STATES = ("ERROR", "OK", "TRIGGERED", "UNKNOWN")
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "EQUAL": operator.eq,
    "NOT_EQUAL": operator.ne,
    "GREATER_THAN": operator.gt,
    "GREATER_THAN_OR_EQUAL": operator.ge,
    "LESS_THAN": operator.lt,
    "LESS_THAN_OR_EQUAL": operator.le,
}
OPERATORS = (*_COMPARED, "IS_NULL", "IS_NOT_NULL")
_NUMERIC: dict[str, Callable[[list[float]], float]] = {
    "AVG": statistics.fmean,
    "MAX": max,
    "MEDIAN": statistics.median,
    "MIN": min,
    "SUM": math.fsum,
}


class EvaluationError(Exception):
    """Why the state is ERROR."""


def evaluate(evaluation: Mapping[str, Any], columns: Sequence[str], rows: Sequence[Row]) -> str:
    """The state that follows from a result.

    Args:
        evaluation: The `evaluation` of an alert.
        columns: Names of the result's columns.
        rows: Rows of the result as texts, with None for NULL.

    Returns:
        OK or TRIGGERED; for an empty result the state that the alert names for it, or UNKNOWN.

    Raises:
        EvaluationError: A column that is compared does not exist, or cannot be compared with the threshold.
    """
    if not rows:
        return str(evaluation.get("empty_result_state") or "UNKNOWN")
    found = _operand(evaluation["source"], columns, rows)
    kind = evaluation["comparison_operator"]
    if kind in {"IS_NULL", "IS_NOT_NULL"}:
        return _state((found is None) == (kind == "IS_NULL"))
    limit = _threshold(evaluation.get("threshold") or {}, columns, rows)
    if found is None or limit is None:
        return _state(holds=False)
    return _state(_COMPARED[kind](*_comparable(found, limit)))


def _state(holds: bool) -> str:  # noqa: FBT001  the condition is the subject
    return "TRIGGERED" if holds else "OK"


def _operand(column: Mapping[str, Any], columns: Sequence[str], rows: Sequence[Row]) -> Any:
    """The first row's value of a column, or what its aggregation makes of all rows."""
    name = column["name"]
    place = next((index for index, known in enumerate(columns) if known.lower() == name.lower()), None)
    if place is None:
        raise EvaluationError(
            f"Column '{name}' does not exist in the query result. Available columns: {', '.join(columns)}."
        )
    aggregation = column.get("aggregation")
    return _aggregated(aggregation, [row[place] for row in rows]) if aggregation else rows[0][place]


def _aggregated(aggregation: str, values: list[str | None]) -> float | None:
    given = [value for value in values if value is not None]
    if aggregation == "COUNT":
        return len(given)
    if aggregation == "COUNT_DISTINCT":
        return len(set(given))
    numbers = [_number(value) for value in given]
    if not numbers:
        return None
    if aggregation == "STDDEV":
        return statistics.stdev(numbers) if len(numbers) > 1 else None
    return _NUMERIC[aggregation](numbers)


def _threshold(threshold: Mapping[str, Any], columns: Sequence[str], rows: Sequence[Row]) -> Any:
    if threshold.get("column"):
        return _operand(threshold["column"], columns, rows)
    value = threshold.get("value") or {}
    return next((value[name] for name in ("double_value", "bool_value", "string_value") if name in value), None)


def _comparable(found: Any, limit: Any) -> tuple[Any, Any]:
    """Both as booleans, numbers or texts, as the threshold asks for."""
    if isinstance(limit, bool):
        return _boolean(found), limit
    if isinstance(found, int | float) or isinstance(limit, int | float):
        return _number(found), _number(limit)
    try:
        return float(found), float(limit)
    except ValueError:
        return str(found), str(limit)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise EvaluationError(f"The value '{value}' cannot be compared as a number.") from error


def _boolean(value: Any) -> bool:
    text = str(value).lower()
    if text not in {"true", "false"}:
        raise EvaluationError(f"The value '{value}' cannot be compared as a boolean.")
    return text == "true"
