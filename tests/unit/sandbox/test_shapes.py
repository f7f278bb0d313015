from __future__ import annotations

import pytest

from sandbox.errors import ApiError
from sandbox.shapes import check, mask_paths, masked

SHAPE = {"name": "string", "size": "integer", "kind": ("A", "B"), "tags": ["string"], "inner": {"on": "boolean"}}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"nam": "x"}, "unknown field 'nam' in Thing"),
        ({"inner": {"off": True}}, "unknown field 'inner.off' in Thing"),
        ({"size": "1"}, "field 'size' must be a integer, not str"),
        ({"size": True}, "field 'size' must be a integer, not bool"),
        ({"kind": "C"}, "Invalid value 'C' for field 'kind' of Thing: use A, B"),
        ({"tags": "x"}, "field 'tags' must be an array, not str"),
        ({"tags": ["x", 1]}, r"field 'tags\[1\]' must be a string"),
        ({"inner": []}, "field 'inner' must be an object, not list"),
    ],
)
def test_a_body_of_another_shape_is_refused(body: object, message: str) -> None:
    with pytest.raises(ApiError, match=message):
        check(body, SHAPE, "Thing")


def test_a_mask_names_fields_that_there_are() -> None:
    assert mask_paths("name,inner.on", SHAPE, "Thing") == ["name", "inner.on"]
    assert mask_paths("*", SHAPE, "Thing") == sorted(SHAPE)
    with pytest.raises(ApiError, match=r"unknown field 'inner\.off'"):
        mask_paths("inner.off", SHAPE, "Thing")


def test_a_masked_field_that_the_body_lacks_is_cleared() -> None:
    kept = {"name": "a", "size": 1, "inner": {"on": True, "x": 1}}
    assert masked(kept, {"name": "b", "size": 2}, ["name", "inner.on"]) == {"name": "b", "size": 1, "inner": {"x": 1}}
