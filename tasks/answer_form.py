"""The form that Prefect shows for open questions: one required choice and one note each.

Prefect knows nobody's identity, so a form never offers an approval that needs a verified person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from prefect.input import RunInput
from pydantic import Field, create_model

from operations.plain_text import code_span, for_markdown, for_terminal
from operations.question import APPROVE, Question

LATER = "later"
"""No answer: the question stays open and nothing is done."""


def answer_form(questions: Sequence[Question]) -> type[RunInput]:
    """Return the form. Every choice is required: a form with defaults could approve by itself after a crash."""
    fields: dict[str, Any] = {}
    for question in questions:
        offered = form_options(question)
        labels = "; ".join(f"{option.id} = {option.label}" for option in question.options if option.id in offered)
        text = f"{labels}; {LATER} = no answer now, the question stays open"
        choice = Literal[(*offered, LATER)]  # type: ignore[valid-type]  # options are known at run time only
        fields[_choice(question)] = (choice, Field(title=f"{question.id}: {_plain(question.title)}", description=text))
        fields[_note(question)] = (str, Field("", title=f"{question.id}: note", description="What you know or did."))
    form: type[RunInput] = create_model("Answers", __base__=RunInput, **fields)
    described: type[RunInput] = form.with_initial_data(description=_description(questions))
    return described


def form_options(question: Question) -> tuple[str, ...]:
    """Return the ids of the options that somebody unknown may choose."""
    offered = (option.id for option in question.options)
    return tuple(option for option in offered if not (question.needs_verified and option == APPROVE))


def option_in(values: Mapping[str, Any], question: Question) -> tuple[str, str]:
    """Return option and note of one question, as the form was filled in."""
    return str(values.get(_choice(question), LATER)), str(values.get(_note(question), ""))


def run_input(question: Question, option: str, note: str) -> dict[str, str]:
    """Return the form values that give this answer; one that the form does not offer is left to the store."""
    option = option if option in form_options(question) else LATER
    return {_choice(question): option, _note(question): note}


def _choice(question: Question) -> str:
    return f"answer_{question.id.replace('-', '_')}"


def _note(question: Question) -> str:
    return f"note_{question.id.replace('-', '_')}"


def _description(questions: Sequence[Question]) -> str:
    return "\n\n---\n\n".join(_described(question) for question in questions)


def _plain(title: str) -> str:
    return " ".join(for_terminal(title).split())


def _described(question: Question) -> str:
    parts = [f"## {question.id}: {for_markdown(question.title)}", question.body]
    if question.needs_verified:
        who = ", ".join(map(code_span, question.approvers)) or "a person whose Databricks login proves who it is"
        parts.append(
            f"Approving needs {who}, so it cannot be done here. In a terminal: "
            f"{code_span(f'bundleops answer {question.id} {APPROVE}')}"
        )
    return "\n\n".join([*parts, question.on_silence])
