"""What a condition_task compares."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation

from sandbox.refusals import RefusedError

_NUMERIC: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "GREATER_THAN": operator.gt,
    "GREATER_THAN_OR_EQUAL": operator.ge,
    "LESS_THAN": operator.lt,
    "LESS_THAN_OR_EQUAL": operator.le,
}
OPERATORS = frozenset({"EQUAL_TO", "NOT_EQUAL", *_NUMERIC})


def holds(condition: Mapping[str, str]) -> bool:
    """Whether `left op right` is true; equality compares texts, the others numbers, as the Jobs API documents it.

    Raises:
        RefusedError: An operand that must be a number is none.
    """
    left, right = str(condition["left"]), str(condition["right"])
    if condition["op"] == "EQUAL_TO":
        return left == right
    if condition["op"] == "NOT_EQUAL":
        return left != right
    return _NUMERIC[condition["op"]](_number(left), _number(right))


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text.strip())
    except InvalidOperation as error:
        raise RefusedError(
            f"Condition task failed: operand '{text}' is not a number.", "RUN_EXECUTION_ERROR"
        ) from error
    if number.is_nan():
        raise RefusedError(f"Condition task failed: operand '{text}' is not a number.", "RUN_EXECUTION_ERROR")
    return number
