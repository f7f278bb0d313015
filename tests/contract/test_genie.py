from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from databricks.sdk.errors import InternalError, InvalidParameterValue, NotFound, ResourceConflict
from databricks.sdk.service.dashboards import GenieSpace

if TYPE_CHECKING:
    from tests.contract.conftest import Sandbox

Make = Callable[..., GenieSpace]
A = "0123456789abcdef" * 2
CONTENT: dict[str, Any] = {
    "version": 2,
    "data_sources": {
        "tables": [{"identifier": "main.gold.flights"}],
        "metric_views": [{"identifier": "main.gold.lateness"}],
    },
    "instructions": {"sql_functions": [{"id": A, "identifier": "main.gold.top_carriers"}]},
    "benchmarks": {
        "questions": [
            {"id": A, "question": ["How late?"], "answer": [{"format": "SQL", "content": ["SELECT late FROM x"]}]}
        ]
    },
}


@pytest.fixture
def make(sandbox: Sandbox) -> Iterator[Make]:
    warehouse_id = next(iter(sandbox.client.warehouses.list())).id or ""
    made: list[str] = []

    def space(content: Any = CONTENT, **options: Any) -> GenieSpace:
        one = sandbox.client.genie.create_space(warehouse_id, json.dumps(content), **{"title": "Flights"} | options)
        made.append(one.space_id)
        return one

    yield space
    for one in made:
        with suppress(NotFound):  # a test may have trashed it
            sandbox.client.genie.trash_space(one)


def test_the_content_of_a_space_comes_only_if_asked_for(sandbox: Sandbox, make: Make) -> None:
    made = make(description="All about flights")
    api = sandbox.client.genie
    assert (len(made.space_id), int(made.space_id, 16) > 0) == (32, True)
    bare = api.get_space(made.space_id)
    assert (bare.title, bare.description, bare.serialized_space, bare.etag) == (
        "Flights",
        "All about flights",
        None,
        None,
    )
    whole = api.get_space(made.space_id, include_serialized_space=True)
    assert json.loads(whole.serialized_space or "") == CONTENT
    assert made.space_id in [space.space_id for space in api.list_spaces().spaces or []]


def test_an_update_changes_what_it_has_and_the_etag_follows_the_content(sandbox: Sandbox, make: Make) -> None:
    made = make()
    api = sandbox.client.genie
    described = api.update_space(made.space_id, description="New")
    assert (described.title, described.description, described.etag) == ("Flights", "New", made.etag)
    emptied = api.update_space(made.space_id, serialized_space='{"version": 2}', etag=made.etag)
    assert (emptied.serialized_space, emptied.etag != made.etag) == ('{"version": 2}', True)
    with pytest.raises(ResourceConflict, match="Etag mismatch"):
        api.update_space(made.space_id, serialized_space='{"version": 2}', etag=made.etag)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("describe table*flights*", "Failed to retrieve schema"),
        ("describe table*lateness*", ""),
        ("describe function*", ""),
    ],
)
def test_what_a_space_names_must_be_there(sandbox: Sandbox, make: Make, statement: str, message: str) -> None:
    sandbox.play(statements=[{"statement": statement, "state": "FAILED", "error_message": "[TABLE_OR_VIEW_NOT_FOUND]"}])
    with pytest.raises(InternalError) as refused:
        make()
    assert refused.value.error_code == "INTERNAL_ERROR"
    assert message in str(refused.value)


def test_a_space_that_breaks_a_rule_is_refused(make: Make) -> None:
    tables = {"tables": [{"identifier": "b"}, {"identifier": "a"}]}
    with pytest.raises(InvalidParameterValue, match="must be sorted by identifier"):
        make(content={"version": 2, "data_sources": tables})


def test_a_trashed_space_is_gone(sandbox: Sandbox, make: Make) -> None:
    made = make()
    sandbox.client.genie.trash_space(made.space_id)
    with pytest.raises(NotFound):
        sandbox.client.genie.get_space(made.space_id)


def test_a_benchmark_question_is_answered_by_its_query(sandbox: Sandbox, make: Make) -> None:
    sandbox.play(statements=[{"statement": "select late*", "columns": ["late"], "rows": [["7"]]}])
    api, made = sandbox.client.genie, make()
    message = api.start_conversation_and_wait(made.space_id, "how  late?")
    attachment = (message.attachments or [])[0]
    assert attachment.query is not None
    assert attachment.query.query == "SELECT late FROM x"
    result = api.get_message_attachment_query_result(
        made.space_id, message.conversation_id, message.message_id, attachment.attachment_id or ""
    )
    assert result.statement_response is not None
    assert result.statement_response.result is not None
    assert result.statement_response.result.data_array == [["7"]]


def test_another_question_gets_no_query(sandbox: Sandbox, make: Make) -> None:
    api, made = sandbox.client.genie, make()
    asked = api.start_conversation_and_wait(made.space_id, "How late?")
    other = api.create_message_and_wait(made.space_id, asked.conversation_id, "Why?")
    assert (other.attachments or [])[0].query is None
    listed = api.list_conversation_messages(made.space_id, asked.conversation_id)
    assert [one.content for one in listed.messages or []] == ["How late?", "Why?"]


def test_a_query_that_fails_is_the_error_of_the_message(sandbox: Sandbox, make: Make) -> None:
    sandbox.play(statements=[{"statement": "select late*", "state": "FAILED", "error_message": "[X] no table"}])
    space_id = make().space_id
    waiter: Any = sandbox.client.genie.start_conversation(space_id, "How late?")
    ids = waiter.response.conversation_id, waiter.response.message_id

    def error() -> Any:
        return sandbox.client.genie.get_message(space_id, *ids).as_dict().get("error")

    assert sandbox.eventually(error)["error"] == "[X] no table"
