"""`bundleops answer`: say what the operation is waiting to hear."""

from __future__ import annotations

import getpass
import os
import socket
from dataclasses import dataclass
from textwrap import shorten
from typing import Annotated

import typer

from bundleops.options import ProfileOption, SandboxOption, use
from bundleops.wake import go_on
from operations.operation import Operation
from operations.plain_text import for_terminal
from operations.question import Answer, Question
from operations.questions import QuestionStore
from operations.store import StateStore
from workspace.errors import OperatorError, UsageError
from workspace.settings import settings

MAX_REASON = 160
_NAMED_IN_ENVIRONMENT = ("DATABRICKS_HOST", "DATABRICKS_TOKEN", "DATABRICKS_CLIENT_ID", "DATABRICKS_CONFIG_PROFILE")


def answer(
    question: Annotated[str, typer.Argument(help="Id of the question, such as q-k7fde.")],
    option: Annotated[str, typer.Argument(help="One of the answers that it offers.")],
    note: Annotated[str, typer.Option(help="What you know or did.")] = "",
    profile: ProfileOption = None,
    sandbox: SandboxOption = False,
) -> None:
    """Answer a question. The Databricks user behind your own credentials is recorded as who answered."""
    state = StateStore(settings().state_dir)
    store = QuestionStore(state.questions_path)
    asked = store.answerable(question, option)
    work = state.open(asked.operation).request()
    use(profile, sandbox=sandbox)
    print(answer_from_terminal(work, store, asked, option, note, chosen=bool(profile) or sandbox))
    print(go_on(work, store))


def answer_from_terminal(
    work: Operation, store: QuestionStore, asked: Question, option: str, note: str, *, chosen: bool = False
) -> str:
    """Store the answer of whoever sits at this terminal, and say what was stored in a line that is safe to print.

    Args:
        work: The operation that asks.
        store: Where the question is.
        asked: The question.
        option: The answer; one of those that it offers.
        note: What the person knows or did.
        chosen: Whether the person named the credentials, and so means to be verified by them.

    Raises:
        OperatorError: the answer comes too late, is not offered, or needs somebody who can prove who they are.
    """
    person = who_answers(work.host, chosen=chosen)
    given = Answer(
        question=asked.id,
        option=option,
        note=note,
        by=person.name,
        verified=not person.why_unverified,
        proof="" if person.why_unverified else "Databricks credentials",
        why_unverified=person.why_unverified,
        source="terminal",
        place=f"{_login()}@{socket.gethostname()}",
    )
    store.answer(given)
    label = next(one.label for one in asked.options if one.id == option)
    proof = f" (unverified: {person.why_unverified})" if person.why_unverified else ""
    return for_terminal(f"{asked.id} answered: {option} ({label}), by {person.name}{proof}.")


@dataclass(frozen=True)
class Person:
    """Who answers; verified when nothing speaks against it."""

    name: str
    why_unverified: str = ""


def who_answers(host: str, *, chosen: bool) -> Person:
    """Return who answers: the user that the operation's own workspace confirms, else whoever it seems to be.

    Args:
        host: Workspace of the operation.
        chosen: Whether the person named the credentials, and so means to be verified by them.

    Raises:
        OperatorError: the credentials that the person named prove nothing.
    """
    from workspace.sdk import check_connection  # noqa: PLC0415 - the SDK is slow, and bad input comes first

    try:
        found = check_connection(settings().profile or _profile_for(host))
    except OperatorError as error:
        if chosen:
            raise
        return Person(_login(), shorten(str(error).partition("\n")[0], MAX_REASON, placeholder=" …").rstrip("."))
    if found.host == host and found.user:
        return Person(found.user)
    why = f"the credentials lead to {found.host}, and the operation runs on {host}"
    if found.host == host:
        why = f"{host} does not tell whose credentials these are"
    if chosen:
        raise UsageError(f"Nothing was answered: {why}. Name a profile of your own for {host}.")
    return Person(found.user or _login(), why)


def _profile_for(host: str) -> str | None:
    """Return the person's one profile for a workspace, None when there is none or the environment names credentials."""
    from workspace.hosts import configured_profiles, profile_for_host  # noqa: PLC0415 - comes with the SDK's adapter

    named = any(os.environ.get(name) for name in _NAMED_IN_ENVIRONMENT)
    return None if named else profile_for_host(host, configured_profiles())


def _login() -> str:
    """Return the name of the account on this machine; in a container there may be none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
