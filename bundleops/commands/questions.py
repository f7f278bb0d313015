"""`bundleops questions`: what a person is asked, who can approve it, and what became of it."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Annotated, Any

import typer

from bundleops.options import Output, OutputOption
from operations.approval_policy import approvers_of, how_to_approve
from operations.plain_text import for_terminal
from operations.question import APPROVE, AuditRow, Question, QuestionStatus
from operations.questions import QuestionStore
from operations.store import StateStore
from workspace.settings import settings

COLUMNS = ["question", "status", "operation", "about", "answers", "who approves"]


def questions(
    question: Annotated[str | None, typer.Argument(help="Show this question whole, with its trail.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Also those that are no longer open.")] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """List the open questions, or show one with everything that is known about it."""
    store = QuestionStore(StateStore(settings().state_dir).questions_path)
    store.expire()
    if question:
        one, trail = store.get(question), store.audit(question)
        print(json.dumps([_document(one, trail)]) if output is Output.JSON else for_terminal(_text(one, trail)))
        return
    found = store.list(only_open=not every)
    if output is Output.JSON:
        print(json.dumps([one.model_dump(mode="json") for one in found]))
    elif found:
        from bundleops.tables import show, table  # noqa: PLC0415 - rich only where a table is shown

        show(table("", COLUMNS, [_row(one) for one in found]))
    else:
        print("No open questions.")


def _row(one: Question) -> list[str]:
    answers = " | ".join(option.id for option in one.options)
    return [one.id, one.status.value, one.operation, one.title, answers, approvers_of(one)]


def _document(one: Question, trail: tuple[AuditRow, ...]) -> dict[str, Any]:
    return one.model_dump(mode="json") | {"audit": [row.model_dump(mode="json") for row in trail]}


def _text(one: Question, trail: tuple[AuditRow, ...]) -> str:
    """Return a question with its trail, and while it is open with how each answer is given."""
    parts = [f"{one.id} ({one.status}) {' '.join(one.title.split())}", one.body, one.on_silence]
    if one.status is QuestionStatus.OPEN:
        until = f"It can be answered until {one.deadline.astimezone(UTC):%Y-%m-%d %H:%M} UTC."
        parts.append(f"{until} {how_to_approve(one)}".rstrip())
        parts.append("\n".join(_command(one, option.id, option.label) for option in one.options))
    parts.append("\n".join(["Trail:", *(_trail_line(row) for row in trail)]))
    return "\n\n".join(parts)


def _command(one: Question, option: str, label: str) -> str:
    proof = " --profile YOUR_PROFILE" if one.needs_verified and option == APPROVE else ""
    return f"  bundleops answer {one.id} {option}{proof}   {' '.join(label.split())}"


def _trail_line(row: AuditRow) -> str:
    """Return who changed the question, when, from where, and what was at stake, in one line."""
    detail = f": {row.detail}" if row.detail else ""
    line = f"{row.at:%Y-%m-%d %H:%M:%S} UTC {row.change} by {row.by} from {row.source}{detail} (digest {row.digest})"
    return "  " + " ".join(line.split())
