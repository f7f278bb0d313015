"""Diagnoses many error texts at once: JSON lines in, JSON lines out, for evaluation and for other programs."""

from __future__ import annotations

import json
from typing import IO, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from diagnostics.diagnose import diagnose_text, surface_of
from diagnostics.models import Diagnosis
from knowledge.registry import Registry
from workspace.models import Surface


class Message(BaseModel):
    """One error text to diagnose."""

    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True)

    id: str
    surface: Surface | Literal["bundle"] = Surface.JOB
    """Where the text came from; `bundle` stands for validate, plan or deploy."""
    text: str


def diagnose_batch(name: str, lines: IO[bytes], answers: IO[str], registry: Registry) -> list[str]:
    """Write one answer for each readable message; return what is wrong with the other lines.

    Args:
        name: how the input is called in messages.
        lines: JSON objects `{"id", "surface", "text"}`, one a line.
        answers: takes `{"id", "code", "category", "fix_kind", "transient", "confidence"}`, one a line, in their order.
        registry: the error patterns.
    """
    problems = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            message = Message.model_validate_json(line.decode("utf-8", "replace"))
        except ValidationError as error:
            problems.append(f"{name}:{number}: {_reason(error)}")
            continue
        print(json.dumps(answer(message, registry)), file=answers)
    return problems


def answer(message: Message, registry: Registry) -> dict[str, object]:
    """Return the first diagnosis of a message in the form of a batch's answer."""
    first: Diagnosis = diagnose_text(message.text, surface_of(message.surface), registry)[0]
    return {
        "id": message.id,
        "code": first.code,
        "category": first.category.value,
        "fix_kind": first.fix_kind.value,
        "transient": first.transient,
        "confidence": first.confidence,
    }


def _reason(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else first["msg"]
