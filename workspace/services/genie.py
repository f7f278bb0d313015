"""Genie spaces: whether what was deployed reads back the same, and the benchmark questions' queries return rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workspace.check_models import Check, Fault
from workspace.redaction import redact
from workspace.sdk import translated
from workspace.services.statements import Place
from workspace.services.trial_queries import QueryError, first_row

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

MAX_BENCHMARKS = 50
"""A space holds no more."""

_ORDERED_BY = ("identifier", "id")


def check_space(
    client: WorkspaceClient, space_id: str, deployed: str | Mapping[str, Any] | None, place: Place
) -> Check:
    """Check a Genie space.

    Args:
        client: client of the workspace.
        space_id: the space.
        deployed: what the bundle deployed, as JSON text or object; None where that is not known.
        place: the warehouse for the benchmark questions where the space names none.

    Raises:
        WorkspaceRequestError: a fault that may pass, or the space may not be read.
    """
    with translated(f"reading Genie space {space_id}"):
        space = client.genie.get_space(space_id, include_serialized_space=True)
    name = redact(space.title or space_id)
    content = _parsed(space.serialized_space)
    if content is None:
        return Check(faults=(Fault(about=name, text=f"Genie space {name} reads back without its content."),))
    found = _check_equal(name, content, _parsed(deployed))
    return found + _check_benchmarks(client, name, content, Place(space.warehouse_id or place.warehouse_id))


def _check_equal(name: str, content: Any, expected: Any) -> Check:
    if expected is None:
        return Check(findings=(f"Genie space {name}: what was deployed is not in the bundle, so it was not compared",))
    differing = differences(expected, content)
    if differing:
        text = f"Genie space {name} reads back different from what was deployed: {'; '.join(differing[:10])}."
        return Check(faults=(Fault(about=name, text=redact(text)),))
    return Check(details=(f"Genie space {name} reads back as deployed",))


def differences(expected: Any, found: Any, at: str = "") -> list[str]:
    """Return where two documents differ.

    The order of lists of objects does not count; members that only the workspace has are its own defaults.
    """
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        parts = (differences(value, found.get(key), f"{at}.{key}" if at else key) for key, value in expected.items())
        return [one for part in parts for one in part]
    if isinstance(expected, Sequence) and isinstance(found, Sequence) and not isinstance(expected, str):
        if len(expected) != len(found):
            return [f"{at} has {len(found)} members, not {len(expected)}"]
        pairs = zip(_ordered(expected), _ordered(found), strict=True)
        return [one for place, (a, b) in enumerate(pairs) for one in differences(a, b, f"{at}[{place}]")]
    empty: tuple[Any, ...] = (None, "", [], {})
    return [] if expected == found or (expected in empty and found in empty) else [f"{at} differs"]


def _ordered(values: Sequence[Any]) -> Sequence[Any]:
    """Order objects by what identifies them; other lists have an order that counts."""
    if not all(isinstance(one, Mapping) for one in values):
        return values
    return sorted(values, key=lambda one: tuple(str(one.get(name) or "") for name in _ORDERED_BY))


def _check_benchmarks(client: WorkspaceClient, name: str, content: Any, place: Place) -> Check:
    """Run the SQL answer of each benchmark question; one that returns no row cannot tell a right answer from none."""
    benchmarks = (content.get("benchmarks") or {}) if isinstance(content, Mapping) else {}
    questions = (benchmarks.get("questions") or [])[:MAX_BENCHMARKS]
    if not questions:
        return Check(findings=(f"Genie space {name} has no benchmark questions",))
    found = Check()
    for question in questions:
        asked = redact(" ".join(question.get("question") or []))
        query = _answer(question)
        if not query:
            found += Check(findings=(f"benchmark question without a SQL answer: {asked}",))
            continue
        try:
            rows = first_row(client, place, query).rows
        except QueryError as error:
            found += Check(faults=(Fault(about=asked, text=str(error)),))
            continue
        good = Check(details=(f"benchmark question returns rows: {asked}",))
        found += good if rows else Check(faults=(Fault(about=asked, text=f"It returns no rows: {asked}"),))
    return found


def _answer(question: Mapping[str, Any]) -> str:
    answers = question.get("answer") or []
    return next(("".join(one.get("content") or []) for one in answers if one.get("format") == "SQL"), "")


def _parsed(value: str | Mapping[str, Any] | None) -> Any:
    if value is None or isinstance(value, Mapping):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return None
