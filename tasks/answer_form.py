"""The form that Prefect shows for open questions: one required choice and one note each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from prefect.input import RunInput
from pydantic import Field, create_model

from operations.question import Question

LATER = "later"
"""No answer: the question stays open and nothing is done."""


def answer_form(questions: Sequence[Question]) -> type[RunInput]:
    """Return the form. Every choice is required: a form with defaults could approve by itself after a crash."""
    fields: dict[str, Any] = {}
    for question in questions:
        offered = [option.id for option in question.options]
        labels = "; ".join(f"{option.id} = {option.label}" for option in question.options)
        text = f"{labels}; {LATER} = no answer now, the question stays open"
        choice = Literal[(*offered, LATER)]  # type: ignore[valid-type]  # options are known at run time only
        fields[_choice(question)] = (choice, Field(title=f"{question.id}: {question.title}", description=text))
        fields[_note(question)] = (str, Field("", title=f"{question.id}: note", description="What you know or did."))
    form: type[RunInput] = create_model("Answers", __base__=RunInput, **fields)
    described: type[RunInput] = form.with_initial_data(description=_description(questions))
    return described


def options_in(form: RunInput, questions: Sequence[Question]) -> dict[str, tuple[str, str]]:
    """Return option and note by question id, as the form was filled in."""
    values = form.model_dump()
    return {question.id: (values[_choice(question)], values.get(_note(question), "")) for question in questions}


def run_input(question: Question, option: str, note: str) -> dict[str, str]:
    """Return the form values that give this answer."""
    return {_choice(question): option, _note(question): note}


def _choice(question: Question) -> str:
    return f"answer_{question.id.replace('-', '_')}"


def _note(question: Question) -> str:
    return f"note_{question.id.replace('-', '_')}"


def _description(questions: Sequence[Question]) -> str:
    parts = [
        f"## {question.id}: {question.title}\n\n{question.body}\n\n{question.on_silence}" for question in questions
    ]
    return "\n\n---\n\n".join(parts)
