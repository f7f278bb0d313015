"""Genie spaces and conversations."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from sandbox.api.context import Json, Sandbox
from sandbox.api.pages import page
from sandbox.genie import conversation_shown, message_shown, result_shown, shown

router = APIRouter(prefix="/api/2.0/genie/spaces")
_MESSAGE = "/{space_id}/conversations/{conversation_id}/messages/{message_id}"


@router.post("")
def create(sandbox: Sandbox, body: Json) -> dict[str, Any]:
    """Create a space."""
    return shown(sandbox.assets.genie.create(body), content=True)


@router.get("")
def list_spaces(sandbox: Sandbox, page_size: int | None = None, page_token: str | None = None) -> dict[str, Any]:
    """Spaces without their content."""
    return page(
        "spaces", [shown(record, content=False) for record in sandbox.assets.genie.all()], page_size, page_token
    )


@router.get("/{space_id}")
def get(
    sandbox: Sandbox,
    space_id: str,
    include_serialized_space: bool = False,  # noqa: FBT001, FBT002  a query parameter
) -> dict[str, Any]:
    """One space."""
    return shown(sandbox.assets.genie.find(space_id), content=include_serialized_space)


@router.patch("/{space_id}")
def update(sandbox: Sandbox, space_id: str, body: Json) -> dict[str, Any]:
    """Change a space."""
    return shown(sandbox.assets.genie.update(space_id, body), content=True)


@router.delete("/{space_id}")
def trash(sandbox: Sandbox, space_id: str) -> dict[str, Any]:
    """Delete a space."""
    sandbox.assets.genie.trash(space_id)
    return {}


@router.post("/{space_id}/start-conversation")
def start_conversation(sandbox: Sandbox, space_id: str, body: Json) -> dict[str, Any]:
    """Ask a question in a new conversation."""
    return conversation_shown(sandbox.assets.genie.ask(space_id, body.get("content")))


@router.post("/{space_id}/conversations/{conversation_id}/messages")
def create_message(sandbox: Sandbox, space_id: str, conversation_id: str, body: Json) -> dict[str, Any]:
    """Ask another question."""
    sandbox.assets.genie.conversation(space_id, conversation_id)
    return message_shown(sandbox.assets.genie.ask(space_id, body.get("content"), conversation_id))


@router.get("/{space_id}/conversations/{conversation_id}/messages")
def list_messages(sandbox: Sandbox, space_id: str, conversation_id: str) -> dict[str, Any]:
    """The questions of a conversation."""
    found = sandbox.assets.genie.conversation(space_id, conversation_id)
    return {"messages": [message_shown(message) for message in found]}


@router.get(_MESSAGE)
def get_message(sandbox: Sandbox, space_id: str, conversation_id: str, message_id: str) -> dict[str, Any]:
    """A question and its answer."""
    return message_shown(sandbox.assets.genie.message(space_id, conversation_id, message_id))


@router.get(f"{_MESSAGE}/query-result")
def get_result(sandbox: Sandbox, space_id: str, conversation_id: str, message_id: str) -> dict[str, Any]:
    """The rows that answer a question."""
    return result_shown(sandbox.assets.genie.message(space_id, conversation_id, message_id))


@router.get(f"{_MESSAGE}/query-result/{{attachment_id}}")
@router.get(f"{_MESSAGE}/attachments/{{attachment_id}}/query-result")
def get_attachment_result(
    sandbox: Sandbox, space_id: str, conversation_id: str, message_id: str, attachment_id: str
) -> dict[str, Any]:
    """The rows that answer a question."""
    return result_shown(sandbox.assets.genie.message(space_id, conversation_id, message_id), attachment_id)
