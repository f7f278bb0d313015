"""What a Genie space holds, in the serialized form of the API: checked as Databricks checks it when it is written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sandbox.errors import ApiError
from sandbox.shapes import Shape, value_at

LIMIT = 50
_ID = re.compile(r"[0-9a-f]{32}")
_TEXTS = ["string"]
_SOURCE = {"identifier": "string", "description": _TEXTS, "column_configs": ["any"]}
_SHAPE: dict[str, Shape] = {
    "version": "integer",
    "config": {"sample_questions": [{"id": "string", "question": _TEXTS}]},
    "data_sources": {"tables": [_SOURCE], "metric_views": [_SOURCE]},
    "instructions": {
        "text_instructions": [{"id": "string", "content": _TEXTS}],
        "example_question_sqls": [
            {
                "id": "string",
                "question": _TEXTS,
                "sql": _TEXTS,
                "parameters": ["any"],
                "usage_guidance": _TEXTS,
            }
        ],
        "sql_functions": [{"id": "string", "identifier": "string"}],
        "join_specs": ["any"],
        "sql_snippets": "any",
    },
    "benchmarks": {
        "questions": [{"id": "string", "question": _TEXTS, "answer": [{"format": "string", "content": _TEXTS}]}]
    },
}
_ORDER: dict[str, tuple[str, ...]] = {
    "config.sample_questions": ("id",),
    "data_sources.tables": ("identifier",),
    "data_sources.metric_views": ("identifier",),
    "instructions.text_instructions": ("id",),
    "instructions.example_question_sqls": ("id",),
    "instructions.sql_functions": ("id", "identifier"),
    "benchmarks.questions": ("id",),
}
_LIMITED = ("instructions.sql_functions", "benchmarks.questions")
_LATEST_VERSION = 2
_SCALARS: dict[str, type] = {"string": str, "integer": int, "any": object}


def parse(serialized: str) -> dict[str, Any]:
    """The content of a space.

    Raises:
        ApiError: It is no JSON, has fields that there are not, or breaks a rule for order, ids or numbers.
    """
    try:
        content = json.loads(serialized)
    except ValueError as error:
        raise _invalid_json(str(error)) from error
    if not isinstance(content, dict):
        raise _invalid_json(f"expected an object but found {_shown(content)}")
    _check(content, _SHAPE, "")
    if content.get("version") not in {1, _LATEST_VERSION}:
        raise ApiError.invalid(f"Unsupported version of serialized_space: {content.get('version')}. Use 1 or 2.")
    for path, keys in _ORDER.items():
        items = value_at(content, path) or []
        _check_ids(path, items, keys)
        _check_order(path, items, keys)
        if path in _LIMITED and len(items) > LIMIT:
            raise ApiError.invalid(f"{path} exceeded maximum number ({LIMIT}) of items: it has {len(items)}.")
    return content


def migrated(content: Mapping[str, Any]) -> str:
    """The content as it is stored: an older version is brought to the newest, with `data_sources` always there."""
    if content.get("version") == _LATEST_VERSION:
        return json.dumps(content)
    return json.dumps({**content, "version": _LATEST_VERSION, "data_sources": content.get("data_sources") or {}})


def tables(content: Mapping[str, Any]) -> list[str]:
    """Names of the tables."""
    return [item["identifier"] for item in value_at(content, "data_sources.tables") or ()]


def metric_views(content: Mapping[str, Any]) -> list[str]:
    """Names of the metric views."""
    return [item["identifier"] for item in value_at(content, "data_sources.metric_views") or ()]


def functions(content: Mapping[str, Any]) -> list[str]:
    """Names of the SQL functions."""
    return [item["identifier"] for item in value_at(content, "instructions.sql_functions") or ()]


def answers(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Questions whose SQL the space knows, from its benchmarks and its examples."""
    for item in value_at(content, "benchmarks.questions") or ():
        found = [answer for answer in item.get("answer") or () if answer.get("format") == "SQL"]
        if found:
            yield "".join(item.get("question") or ()), "".join(found[0].get("content") or ())
    for item in value_at(content, "instructions.example_question_sqls") or ():
        yield "".join(item.get("question") or ()), "".join(item.get("sql") or ())


def _check(value: Any, shape: Shape, path: str) -> None:
    name = path.rpartition(".")[2] or "serialized_space"
    if isinstance(shape, list):
        if not isinstance(value, list):
            raise ApiError.invalid(f"Expected an array for {name} but found {_shown(value)}")
        for item in value:
            _check(item, shape[0], path)
    elif isinstance(shape, Mapping):
        _check_fields(value, shape, path)
    elif not isinstance(value, _SCALARS[shape]):
        raise _invalid_json(f"expected a {shape} for {name} but found {_shown(value)}")


def _check_fields(value: Any, shape: Mapping[str, Shape], path: str) -> None:
    where = path or "serialized_space"
    if not isinstance(value, Mapping):
        raise _invalid_json(f"expected an object for {where.rpartition('.')[2]} but found {_shown(value)}")
    for field, below in value.items():
        if field not in shape:
            raise _invalid_json(f"unknown field '{field}' in {where}")
        _check(below, shape[field], f"{path}.{field}" if path else field)


def _check_ids(path: str, items: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> None:
    for item in items:
        missing = next((key for key in keys if not item.get(key)), None)
        if missing == "id" and path.endswith("sql_functions"):
            raise ApiError.invalid("Failed to retrieve schema from Unity Catalog: an entry of sql_functions has no id.")
        if missing:
            raise ApiError.invalid(f"Missing required field: {path}.{missing}")
        if "id" in keys and not _ID.fullmatch(item["id"]):
            raise ApiError.invalid(
                f"Invalid id '{item['id']}' in {path}: it must have 32 lower-case hexadecimal characters."
            )
    ids = [item["id"] for item in items] if "id" in keys else []
    double = next((one for one in ids if ids.count(one) > 1), None)
    if double:
        raise ApiError.invalid(f"Duplicate id '{double}' in {path}.")


def _check_order(path: str, items: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> None:
    found = [tuple(item[key] for key in keys) for item in items]
    if found != sorted(found):
        by = keys[0] if len(keys) == 1 else f"({', '.join(keys)})"
        raise ApiError.invalid(f"Invalid export proto: {path} must be sorted by {by}")


def _invalid_json(why: str) -> ApiError:
    return ApiError(400, "BAD_REQUEST", f"Invalid JSON in field 'serialized_space': {why}.")


def _shown(value: Any) -> str:
    return json.dumps(value)[:80]
