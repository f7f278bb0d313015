"""Send approvers their one-time codes for Prefect's form, each through a notification block that reaches only them.

A code is in the message and in the approver's hands; here only its hash is kept, by the question store.
"""

from __future__ import annotations

import asyncio
import html
import inspect
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC
from typing import Any

from prefect import task
from prefect.blocks.abstract import NotificationBlock
from prefect.blocks.core import Block
from prefect.runtime import flow_run
from prefect.settings import get_current_settings

from operations.journal import Event
from operations.one_time_codes import new_code
from operations.operation import Operation
from operations.question import Question
from tasks.publish_events import one_line
from tasks.retry_policies import NEVER
from tasks.toolbox import journal_of, questions_of
from workspace.redaction import register_secret
from workspace.settings import settings


@task(task_run_name="send one-time codes", **NEVER)
def send_codes(work: Operation, identifiers: Sequence[str]) -> None:
    """Send a code for each question to each approver who is to get one; what cannot be sent is noted and passed over.

    A question of an act for which too many wrong codes came gets none, and without a lasting server there is no form.
    """
    store, blocks = questions_of(work), settings().send_codes_to
    if not blocks or not get_current_settings().api.url:
        return
    for question in map(store.get, identifiers):
        for approver in _receivers(question, blocks):
            why_not = _send(work, question, approver, blocks[approver])
            if why_not:
                text = f"No one-time code was sent to {approver} for {question.id}: {why_not}"
                journal_of(work).append(Event.NOTE, question.resource, text=text)


def _receivers(question: Question, blocks: Mapping[str, str]) -> tuple[str, ...]:
    """Return who gets a code. Who may approve was decided when the question was asked."""
    allowed = {name.casefold() for name in question.approvers}
    return tuple(name for name in blocks if question.needs_verified and (not allowed or name.casefold() in allowed))


def _send(work: Operation, question: Question, approver: str, block: str) -> str:
    """Send a code, then keep its hash; return why it was not sent, empty when it was.

    Errors of a block can hold its address, which often is a secret, or the message: only their kind is told.
    """
    code = new_code()
    register_secret(code)
    advice = f"Check the block {block} in Prefect's UI (Blocks); approve in a terminal meanwhile."
    try:
        notifier = Block.load(block)
        if not isinstance(notifier, NotificationBlock):
            return f"the block {block} cannot notify. Name a notification block, such as slack-webhook/ann."
        with _quiet(), notifier.raise_on_failure():
            _notify(notifier, f"bundleops: your code for {question.id}", _message(work, question, code))
    except ValueError:
        return f"Prefect has no usable block {block}. {advice}"
    except Exception as error:  # noqa: BLE001 - whatever the service behind the block answers, the operation goes on
        return f"{block} failed ({type(error).__name__}). {advice}"
    questions_of(work).keep_code(question.id, approver, code)
    return ""


def _notify(notifier: NotificationBlock, subject: str, body: str) -> None:
    """Send a message, whether the block is one of Prefect's own, which wait for its end, or sends it in a coroutine."""
    sending: Any = notifier.notify
    sent = sending(body, subject)
    if inspect.iscoroutine(sent):
        asyncio.run(sent)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library that sends messages from logging them, as it does at level DEBUG."""
    logger = logging.getLogger("apprise")
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(before)


def _message(work: Operation, question: Question, code: str) -> str:
    """Return the message. Text of a workspace is escaped: it is no link and no mention in a chat."""
    return f"""Your one-time code: {code}

It approves question {question.id}, once: {html.escape(one_line(question.title))}
Bundle {html.escape(work.bundle_name)}, target {html.escape(work.target)}, operation {work.id}

Read the question before you use it: {flow_run.ui_url or f"flow run {flow_run.id} in Prefect's UI"}
Resume, in the menu of that page, opens it. Choose approve and enter the code; to reject it no code is needed.

The code is valid until {question.deadline.astimezone(UTC):%Y-%m-%d %H:%M} UTC. Whoever has it can approve this in your
name: pass it on to nobody.
"""
