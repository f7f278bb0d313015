"""Explains diagnoses to a tired person: what it is, why, how sure, where, and what would be done."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from diagnostics.models import Diagnosis
from operations.plain_text import for_terminal, shorten

_SURE = ((0.9, "sure"), (0.7, "likely"), (0.4, "a family of faults, not one"), (0.0, "not recognised"))


def sureness(confidence: float) -> str:
    """Return a confidence in words, with its figure."""
    words = next(words for least, words in _SURE if confidence >= least)
    return f"{words} ({confidence:.0%})"


def explain(diagnoses: tuple[Diagnosis, ...]) -> None:
    """Print each diagnosis as a short text."""
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for number, diagnosis in enumerate(diagnoses):
        if number:
            console.print()
        console.print(Text(f"{diagnosis.code}: {for_terminal(diagnosis.title)}", style="bold"))
        for label, value in _facts(diagnosis):
            console.print(f"  {label:12} {for_terminal(value)}")


def _facts(diagnosis: Diagnosis) -> list[tuple[str, str]]:
    objects = ", ".join(f"{name} {value}" for name, value in diagnosis.objects.items())
    facts = [
        ("why", diagnosis.explanation),
        ("how sure", sureness(diagnosis.confidence)),
        ("where", str(diagnosis.location or diagnosis.task_key or "")),
        ("objects", objects),
        ("signals", "; ".join(f"{one.what}: {shorten(one.text, 200)}" for one in diagnosis.signals)),
        ("first step", f"{diagnosis.fix_kind.value} ({diagnosis.applicability.value})"),
        ("page", f"knowledge/patterns/{diagnosis.page}" if diagnosis.page else ""),
    ]
    return [(label, value) for label, value in facts if value]
