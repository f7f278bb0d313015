"""Checks a request's body against the fields that the API knows, and applies update masks to it.

A shape is a type name (`string`, `number`, `integer`, `boolean`, `any`), a tuple of the texts that are allowed, a list
of one shape, or a map from field to shape.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.errors import ApiError

Shape = Any
"""As above; a recursive type says no more to mypy than this."""
_TYPES: dict[str, Callable[[Any], bool]] = {
    "any": lambda _: True,
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}


def check(body: Any, shape: Shape, message: str, path: str = "") -> None:
    """Refuse a body that is not of a shape.

    Args:
        body: What came.
        shape: What is expected.
        message: Name of the message that the body is, for the refusal.
        path: Where in the message the body stands.

    Raises:
        ApiError: A field is unknown, or a value is of another type or not among those that are allowed.
    """
    if body is None:
        return
    if isinstance(shape, Mapping):
        _check_map(body, shape, message, path)
    elif isinstance(shape, list):
        _expect(isinstance(body, list), "an array", body, path)
        for index, item in enumerate(body):
            check(item, shape[0], message, f"{path}[{index}]")
    elif isinstance(shape, tuple):
        if body not in shape:
            raise ApiError.invalid(f"Invalid value '{body}' for field '{path}' of {message}: use {', '.join(shape)}.")
    else:
        _expect(_TYPES[shape](body), f"a {shape}", body, path)


def require(body: Mapping[str, Any], *paths: str) -> None:
    """Refuse a body that lacks a field; a path leads into it with dots.

    Raises:
        ApiError: It names the first field that is missing.
    """
    for path in paths:
        if value_at(body, path) in (None, "", {}):
            raise ApiError.invalid(f"Field '{path}' is required to be truthy!")


def value_at(body: Mapping[str, Any], path: str) -> Any:
    """The value at a path; None where there is none."""
    value: Any = body
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def mask_paths(mask: str | None, shape: Mapping[str, Shape], message: str) -> list[str]:
    """The fields that an update mask names.

    Raises:
        ApiError: There is no mask, it has blanks, or it names a field that the message does not have.
    """
    if not mask:
        raise ApiError.invalid("Field 'update_mask' is required to be truthy!")
    if mask == "*":
        return sorted(shape)
    if any(letter.isspace() for letter in mask):
        raise ApiError.invalid(f"Invalid update_mask '{mask}': separate the fields by commas, without blanks.")
    paths = mask.split(",")
    for path in paths:
        if not _known(path, shape):
            raise ApiError.invalid(f"Invalid update_mask: unknown field '{path}' in {message}.")
    return paths


def masked(kept: Mapping[str, Any], body: Mapping[str, Any], paths: list[str]) -> dict[str, Any]:
    """What was kept, with the masked fields as the body has them; a masked field that the body lacks is cleared."""
    result = dict(kept)
    for path in paths:
        first, _, rest = path.partition(".")
        given = body.get(first)
        if rest:
            below = result.get(first)
            inner = masked(below if isinstance(below, Mapping) else {}, given or {}, [rest])
            given = inner or None
        if given is None:
            result.pop(first, None)
        else:
            result[first] = given
    return result


def _known(path: str, shape: Shape) -> bool:
    for step in path.split("."):
        if not isinstance(shape, Mapping) or step not in shape:
            return False
        shape = shape[step]
    return True


def _check_map(body: Any, shape: Mapping[str, Shape], message: str, path: str) -> None:
    _expect(isinstance(body, Mapping), "an object", body, path)
    for name, value in body.items():
        below = f"{path}.{name}" if path else name
        if name not in shape:
            raise ApiError(
                400, "MALFORMED_REQUEST", f"Could not parse request object: unknown field '{below}' in {message}."
            )
        check(value, shape[name], message, below)


def _expect(holds: bool, expected: str, value: Any, path: str) -> None:  # noqa: FBT001  the condition is the subject
    if not holds:
        raise _unreadable(f"field '{path}' must be {expected}, not {type(value).__name__}")


def _unreadable(why: str) -> ApiError:
    return ApiError(400, "MALFORMED_REQUEST", f"Could not parse request object: {why}.")
