"""The form that Prefect shows for open questions: one required choice and one note each.

Prefect knows nobody's identity, so a form offers an approval that needs a verified person only with a field for the
one-time code that was sent to one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any, Literal

from prefect.input import RunInput
from pydantic import Field, create_model

from operations.plain_text import code_span, for_markdown, for_terminal
from operations.question import APPROVE, Question

LATER = "later"
"""No answer: the question stays open and nothing is done."""


CodeHolders = Mapping[str, Sequence[str]]
"""Ids of questions with the approvers who were sent a one-time code for it."""


def answer_form(questions: Sequence[Question], codes: CodeHolders | None = None) -> type[RunInput]:
    """Return the form. Every choice is required: a form with defaults could approve by itself after a crash.

    Args:
        questions: The open questions.
        codes: Who was sent a one-time code for which question.
    """
    codes = codes or {}
    fields: dict[str, Any] = {}
    for question in questions:
        holders = codes.get(question.id, ())
        offered = form_options(question, by_code=bool(holders))
        labels = "; ".join(f"{option.id} = {option.label}" for option in question.options if option.id in offered)
        text = f"{labels}; {LATER} = no answer now, the question stays open"
        choice = Literal[(*offered, LATER)]  # type: ignore[valid-type]  # options are known at run time only
        fields[_choice(question)] = (choice, Field(title=f"{question.id}: {_plain(question.title)}", description=text))
        if holders:
            sent = f"Only to approve: the code that was sent to {', '.join(holders)}."
            fields[_code(question)] = (str, Field("", title=f"{question.id}: one-time code", description=sent))
        fields[_note(question)] = (str, Field("", title=f"{question.id}: note", description="What you know or did."))
    form: type[RunInput] = create_model("Answers", __base__=RunInput, **fields)
    described: type[RunInput] = form.with_initial_data(description=_description(questions, codes))
    return described


def form_options(question: Question, *, by_code: bool = False) -> tuple[str, ...]:
    """Return the ids of the options that may be chosen: by somebody unknown, or also by who has a one-time code."""
    offered = (option.id for option in question.options)
    return tuple(option for option in offered if by_code or not (question.needs_verified and option == APPROVE))


@dataclass(frozen=True)
class FilledIn:
    """What was said to one question. The code is in no text of this object."""

    option: str
    note: str
    code: str = field(repr=False)


def filled_in(values: Mapping[str, Any], question: Question) -> FilledIn:
    """Return what was said to one question, as the form was filled in."""
    option, note, code = (values.get(name(question)) for name in (_choice, _note, _code))
    return FilledIn(option=str(option or LATER), note=str(note or ""), code=str(code or ""))


def run_input(question: Question, option: str, note: str) -> dict[str, str]:
    """Return the form values that give this answer; one that the form does not offer is left to the store."""
    option = option if option in form_options(question) else LATER
    return {_choice(question): option, _note(question): note}


def _choice(question: Question) -> str:
    return f"answer_{question.id.replace('-', '_')}"


def _code(question: Question) -> str:
    return f"code_{question.id.replace('-', '_')}"


def _note(question: Question) -> str:
    return f"note_{question.id.replace('-', '_')}"


def _description(questions: Sequence[Question], codes: CodeHolders) -> str:
    return "\n\n---\n\n".join(_described(question, codes.get(question.id, ())) for question in questions)


def _plain(title: str) -> str:
    return " ".join(for_terminal(title).split())


def _described(question: Question, holders: Sequence[str]) -> str:
    parts = [f"## {question.id}: {for_markdown(question.title)}", question.body]
    if question.needs_verified:
        parts.append(_who_approves(question, holders))
    until = f"{question.on_silence} It can be answered until {question.deadline.astimezone(UTC):%Y-%m-%d %H:%M} UTC."
    return "\n\n".join([*parts, until])


def _who_approves(question: Question, holders: Sequence[str]) -> str:
    command = code_span(f"bundleops answer {question.id} {APPROVE} --profile YOUR_PROFILE")
    if holders:
        sent = ", ".join(map(code_span, holders))
        return f"To approve it here, enter the one-time code that was sent to {sent}. Or in a terminal: {command}"
    who = ", ".join(map(code_span, question.approvers)) or "a person whose Databricks login proves who it is"
    return f"Approving needs {who}, so it cannot be done here. In a terminal: {command}"
