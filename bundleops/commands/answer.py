"""`bundleops answer`: say what the operation is waiting to hear."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from bundleops.options import ProfileOption, SandboxOption, use
from operations.plain_text import for_terminal
from operations.question import Answer
from operations.questions import QuestionStore
from operations.store import StateStore
from workspace.errors import OperatorError
from workspace.settings import settings


def answer(
    question: Annotated[str, typer.Argument(help="Id of the question, such as q-k7fde.")],
    option: Annotated[str, typer.Argument(help="One of the answers that it offers.")],
    note: Annotated[str, typer.Option(help="What you know or did.")] = "",
    profile: ProfileOption = None,
    sandbox: SandboxOption = False,
) -> None:
    """Answer a question. The Databricks user behind your own credentials is recorded as who answered."""
    store_of = StateStore(settings().state_dir)
    store = QuestionStore(store_of.questions_path)
    asked = store.get(question)
    use(profile, sandbox=sandbox)
    by, verified = _who(store_of.open(asked.operation).request().host)
    store.answer(Answer(question=question, option=option, note=note, by=by, verified=verified, source="terminal"))
    label = next(one.label for one in asked.options if one.id == option)
    print(f"{question} answered: {option} ({label}), by {for_terminal(by)}{'' if verified else ' (unverified)'}.")
    print(f"If nobody waits for it any more: bundleops operate --resume {asked.operation}")


def _who(host: str) -> tuple[str, bool]:
    """Return who answers: the user that the operation's own workspace confirms, else the login name, unverified."""
    from workspace.sdk import check_connection  # noqa: PLC0415 - the SDK is slow, and bad input comes first

    try:
        found = check_connection(settings().profile)
    except OperatorError:
        return getpass.getuser(), False
    return found.user, found.host == host
