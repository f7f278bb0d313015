"""Genie spaces, and the answers to the questions whose SQL a space knows. There is no language model here."""

from __future__ import annotations

import json
import threading
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pydantic import Field

from sandbox import genie_content
from sandbox.catalog import Catalog, quoted
from sandbox.clock import timestamp
from sandbox.errors import ApiError
from sandbox.files import WorkspaceFiles
from sandbox.layout import USER_NAME
from sandbox.records import new_id, now_ms
from sandbox.shapes import Shape, check, require
from sandbox.statements import Statement, StatementService
from sandbox.statements import shown as statement_shown
from sandbox.store import Collection, Record, Store
from sandbox.warehouse import Warehouse

NO_ANSWER = (
    "The sandbox has no language model: it answers the questions of a space's benchmarks and example queries, "
    "word for word."
)
_SHAPE: dict[str, Shape] = {
    "description": "string",
    "etag": "string",
    "parent_path": "string",
    "serialized_space": "string",
    "title": "string",
    "warehouse_id": "string",
}
_KEPT = 500
_RUNNING = {"PENDING", "RUNNING"}


class SpaceRecord(Record):
    """One Genie space."""

    kind: ClassVar[str] = "genie_space"
    space_id: str
    title: str
    description: str = ""
    parent_path: str
    warehouse_id: str
    serialized: str
    etag: int = 1
    create_time: int = Field(default_factory=now_ms)
    update_time: int = Field(default_factory=now_ms)

    @property
    def key(self) -> str:
        """The space id."""
        return self.space_id


@dataclass
class Message:
    """A question in a conversation, and the query that answers it."""

    space_id: str
    conversation_id: str
    message_id: str
    content: str
    sql: str | None
    statement: Statement | None
    attachment_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    created: int = field(default_factory=now_ms)


class GenieService:
    """All spaces; conversations are forgotten at a restart."""

    def __init__(self, store: Store, files: WorkspaceFiles, statements: StatementService, warehouse: Warehouse) -> None:
        self._spaces = Collection(store, SpaceRecord)
        self._files, self._statements, self._warehouse = files, statements, warehouse
        self._catalog = Catalog(statements)
        self._messages: OrderedDict[str, Message] = OrderedDict()
        self._lock = threading.Lock()

    def create(self, body: dict[str, Any]) -> SpaceRecord:
        """Make a space."""
        check(body, _SHAPE, "GenieSpace")
        require(body, "warehouse_id", "serialized_space")
        self._check_places(body)
        record = SpaceRecord(
            space_id=uuid.uuid4().hex,
            title=body.get("title") or "New Space",
            description=body.get("description") or "",
            parent_path=(body.get("parent_path") or f"/Users/{USER_NAME}").removeprefix("/Workspace"),
            warehouse_id=body["warehouse_id"],
            serialized=self._checked(body["serialized_space"]),
        )
        self._spaces.add(record)
        return record

    def find(self, space_id: str) -> SpaceRecord:
        """One space."""
        record = self._spaces.find(space_id)
        if record is None:
            raise ApiError.missing(f"Unable to get space [{space_id}]. Space does not exist or is not accessible.")
        return record

    def all(self) -> list[SpaceRecord]:
        """Every space, oldest first."""
        return self._spaces.list(oldest_first=True)

    def update(self, space_id: str, body: dict[str, Any]) -> SpaceRecord:
        """Change what the body has. The etag changes with the content only."""
        check(body, _SHAPE, "GenieSpace")
        self._check_places(body)
        serialized = self._checked(body["serialized_space"]) if body.get("serialized_space") else None
        with self._lock:
            record = self.find(space_id)
            if body.get("etag") and body["etag"] != str(record.etag):
                raise ApiError.conflict(f"Etag mismatch: the space has {record.etag}, the request {body['etag']}.")
            for name in ("title", "description", "warehouse_id"):
                setattr(record, name, body.get(name) or getattr(record, name))
            record.parent_path = (body.get("parent_path") or record.parent_path).removeprefix("/Workspace")
            if serialized is not None and serialized != record.serialized:
                record.serialized, record.etag = serialized, record.etag + 1
            record.update_time = now_ms()
            self._spaces.save(record)
            return record

    def trash(self, space_id: str) -> None:
        """Delete a space."""
        self._spaces.remove(self.find(space_id).key)

    def ask(self, space_id: str, content: str | None, conversation_id: str | None = None) -> Message:
        """Begin to answer a question; in a new conversation unless one is named."""
        if not content:
            raise ApiError.invalid("Missing required field: content")
        known = dict(genie_content.answers(json.loads(self.find(space_id).serialized)))
        by_words = {_words(question): sql for question, sql in known.items()}
        sql = by_words.get(_words(content))
        message = Message(
            space_id=space_id,
            conversation_id=conversation_id or uuid.uuid4().hex,
            message_id=uuid.uuid4().hex,
            content=content,
            sql=sql,
            statement=self._statements.submit(sql) if sql else None,
        )
        with self._lock:
            self._messages[message.message_id] = message
            while len(self._messages) > _KEPT:
                self._messages.popitem(last=False)
        return message

    def message(self, space_id: str, conversation_id: str, message_id: str) -> Message:
        """A question that was asked before."""
        found = self._messages.get(message_id)
        if found is None or (found.space_id, found.conversation_id) != (space_id, conversation_id):
            raise ApiError.missing(f"Message {message_id} of conversation {conversation_id} does not exist.")
        return found

    def conversation(self, space_id: str, conversation_id: str) -> list[Message]:
        """The questions of a conversation."""
        self.find(space_id)
        found = [one for one in self._messages.values() if one.conversation_id == conversation_id]
        if not found:
            raise ApiError.missing(f"Conversation {conversation_id} does not exist.")
        return found

    def _check_places(self, body: dict[str, Any]) -> None:
        if body.get("warehouse_id"):
            self._warehouse.require(body["warehouse_id"])
        if body.get("parent_path") and not self._files.local(body["parent_path"]).is_dir():
            raise ApiError.missing(f"Path ({body['parent_path']}) doesn't exist.")

    def _checked(self, serialized: str) -> str:
        content = genie_content.parse(serialized)
        for table in genie_content.tables(content):
            if not self._is_table(table):
                raise ApiError(500, "INTERNAL_ERROR", "Failed to retrieve schema from Unity Catalog.")
        views, functions = genie_content.metric_views(content), genie_content.functions(content)
        if not all(map(self._is_table, views)) or not all(map(self._is_function, functions)):
            # Databricks says no more than that either.
            raise ApiError(500, "INTERNAL_ERROR", "")
        return genie_content.migrated(content)

    def _is_table(self, name: str) -> bool:
        try:
            self._catalog.table(name)
        except ApiError as error:
            if error.status in {400, 404}:
                return False
            raise
        return True

    def _is_function(self, name: str) -> bool:
        return self._statements.run(f"DESCRIBE FUNCTION {quoted(*name.split('.'))}").state == "SUCCEEDED"


def shown(record: SpaceRecord, *, content: bool) -> dict[str, Any]:
    """A space as the API returns it: the etag comes with the content only."""
    return {
        "space_id": record.space_id,
        "title": record.title,
        "description": record.description,
        "parent_path": record.parent_path,
        "warehouse_id": record.warehouse_id,
        "create_time": timestamp(record.create_time),
        "update_time": timestamp(record.update_time),
        **({"serialized_space": record.serialized, "etag": str(record.etag)} if content else {}),
    }


def message_shown(message: Message) -> dict[str, Any]:
    """A question as the API returns it, with the answer as far as it is there."""
    status, error = _status(message)
    about = {
        "id": message.message_id,
        "message_id": message.message_id,
        "conversation_id": message.conversation_id,
        "space_id": message.space_id,
        "content": message.content,
        "created_timestamp": message.created,
        "status": status,
    }
    if error:
        return about | {"error": {"error": error, "type": "SQL_EXECUTION_EXCEPTION"}}
    return about | {"attachments": [_attachment(message)]}


def result_shown(message: Message, attachment_id: str | None = None) -> dict[str, Any]:
    """The result of the query that answers a question."""
    if message.statement is None or attachment_id not in {None, message.attachment_id}:
        raise ApiError.missing(f"Message {message.message_id} has no query result.")
    return {"statement_response": statement_shown(message.statement)}


def conversation_shown(message: Message) -> dict[str, Any]:
    """A conversation with its first question."""
    conversation = {
        "id": message.conversation_id,
        "conversation_id": message.conversation_id,
        "space_id": message.space_id,
        "title": message.content,
        "created_timestamp": message.created,
        "last_updated_timestamp": message.created,
        "user_id": new_id(),
    }
    return {
        "conversation_id": message.conversation_id,
        "message_id": message.message_id,
        "conversation": conversation,
        "message": message_shown(message),
    }


def _status(message: Message) -> tuple[str, str]:
    statement = message.statement
    if statement is None:
        return "COMPLETED", ""
    if statement.state in _RUNNING or statement.result is None:
        return "EXECUTING_QUERY", ""
    if statement.state == "SUCCEEDED":
        return "COMPLETED", ""
    return "FAILED", statement.result.error_message or "The query was canceled."


def _attachment(message: Message) -> dict[str, Any]:
    if message.statement is None:
        return {"attachment_id": message.attachment_id, "text": {"content": NO_ANSWER}}
    result = message.statement.result
    query: dict[str, Any] = {"query": message.sql, "statement_id": message.statement.statement_id}
    if result is not None:
        query["query_result_metadata"] = {"row_count": len(result.rows), "is_truncated": result.truncated}
    return {"attachment_id": message.attachment_id, "query": query}


def _words(question: str) -> str:
    return " ".join(question.lower().split())
