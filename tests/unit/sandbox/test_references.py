"""Dynamic value references."""

from __future__ import annotations

import pytest

from sandbox.errors import ApiError
from sandbox.references import Scope, UnresolvedError, check_references, resolve, times


def test_references_are_replaced_in_all_texts_of_a_value() -> None:
    scope = Scope(values={"job.id": "7", "job.parameters.my-day": "1"})
    value = {"a": ["{{job.id}}", "x{{ job.id }}y"], "b": {"c": "{{job.parameters.`my-day`}}"}, "n": 3}
    assert resolve(value, scope) == {"a": ["7", "x7y"], "b": {"c": "1"}, "n": 3}


@pytest.mark.parametrize("text", ["{{unknown}}", "{{ a + b }}", "{{job.id}", "{{}}", "{{input}}"])
def test_what_names_nothing_stays_as_it_is(text: str) -> None:
    assert resolve(text, Scope(values={"job.id": "7"})) == text


def test_task_values_are_texts_or_their_json() -> None:
    scope = Scope(values={}, task_values={"load": {"rows": 3, "done": True, "day": "x", "deep": {"list": [1]}}})
    text = " ".join(f"{{{{tasks.load.values.{name}}}}}" for name in ("rows", "done", "day", "deep", "deep.list"))
    assert resolve(text, scope) == '3 true x {"list": [1]} [1]'


def test_a_task_value_that_was_not_set_is_an_error() -> None:
    with pytest.raises(UnresolvedError) as unresolved:
        resolve("{{tasks.load.values.rows}}", Scope(values={}, task_key="check"))
    assert unresolved.value.message == (
        "Failed to resolve references: Task value referenced by 'tasks.load.values.rows' in task 'check' was not found."
    )


def test_the_input_of_an_iteration_is_its_text_or_its_fields() -> None:
    assert resolve("{{input}}", Scope(values={}, has_input=True, input="eu")) == "eu"
    scope = Scope(values={}, has_input=True, input={"name": "eu", "n": [1]})
    assert resolve("{{input.name}} {{input.n}}", scope) == "eu [1]"


def test_times_are_in_utc() -> None:
    found = times("job.start_time", 1_767_323_045_678)
    assert found["job.start_time.iso_datetime"] == "2026-01-02T03:04:05.678000"
    assert (found["job.start_time.iso_weekday"], found["job.start_time.is_weekday"]) == ("5", "true")
    assert found["job.start_time.timestamp_ms"] == "1767323045678"


@pytest.mark.parametrize("text", ["{{job.notebook_url}}", "{{tasks.a.result}}", "{{task.values.x}}", "{{workspace.x}}"])
def test_a_wrong_name_within_a_known_namespace_is_refused(text: str) -> None:
    with pytest.raises(ApiError, match="Invalid dynamic value reference"):
        check_references([{"parameters": [text]}])
