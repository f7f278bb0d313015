"""Errors, warnings and recommendations, written as the official CLI writes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sandbox.standin.node import Location

Severity = Literal["Error", "Warning", "Recommendation"]


@dataclass(frozen=True)
class Diagnostic:
    """One finding, with the configuration paths and the places in files that it is about."""

    severity: Severity
    summary: str
    paths: tuple[str, ...] = ()
    locations: tuple[Location, ...] = ()
    detail: str = ""

    def __str__(self) -> str:
        lines = [f"{self.severity}: {self.summary}"]
        lines += _aligned("at", self.paths)
        lines += _aligned("in", [str(location) for location in self.locations if location.file])
        if self.detail:
            lines += ["", self.detail]
        return "\n".join(lines) + "\n\n"


class BundleError(Exception):
    """What ends a command; `str()` is the whole block for stderr, without `Error: `."""

    def __init__(self, summary: str, detail: str = "") -> None:
        super().__init__(f"{summary}\n\n{detail}" if detail else summary)
        self.summary = summary
        self.detail = detail

    def diagnostic(self) -> Diagnostic:
        """Return the error as a finding."""
        return Diagnostic("Error", self.summary, detail=self.detail)


class AlreadyReportedError(Exception):
    """Ends a command whose errors stand on stderr already."""


def verdict(diagnostics: Iterable[Diagnostic]) -> str:
    """Return the last line of `bundle validate`."""
    counts = Counter(diagnostic.severity for diagnostic in diagnostics)
    parts = [count(counts[kind], kind.lower()) for kind in ("Error", "Warning", "Recommendation") if counts[kind]]
    if not parts:
        return "Validation OK!"
    return "Found " + (" and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0])


def count(number: int, noun: str) -> str:
    """Write a number with its noun in the right form."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _aligned(word: str, items: Iterable[str]) -> list[str]:
    return [f"  {word if index == 0 else ' ' * len(word)} {item}" for index, item in enumerate(items)]
