"""`bundleops questions`: what a person is asked."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from bundleops.options import Output, OutputOption
from operations.plain_text import for_terminal
from operations.questions import QuestionStore
from operations.store import StateStore
from workspace.settings import settings


def questions(
    question: Annotated[str | None, typer.Argument(help="Show this question whole.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Also those that are no longer open.")] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """List the open questions, or show one with everything that is known about it."""
    store = QuestionStore(StateStore(settings().state_dir).questions_path)
    store.expire()
    found = (store.get(question),) if question else store.list(only_open=not every)
    if output is Output.JSON:
        print(json.dumps([one.model_dump(mode="json") for one in found]))
    elif question:
        one = found[0]
        print(for_terminal(f"{one.id} ({one.status}) {one.title}\n\n{one.body}\n\n{one.on_silence}\n"))
        for option in one.options:
            print(f"  bundleops answer {one.id} {option.id}   {option.label}")
    elif found:
        from bundleops.tables import question_table, show  # noqa: PLC0415 - rich only where a table is shown

        show(question_table(found))
    else:
        print("No open questions.")
