"""What is wrong with a set of pattern pages, beyond what reading each of them shows."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics import fixers
from diagnostics.diagnose import diagnose_text
from knowledge.page import PageProblem
from knowledge.pattern import Applicability, ErrorPattern
from knowledge.registry import UNKNOWN_CODE, Registry
from workspace.models import Surface


def lint(registry: Registry) -> tuple[PageProblem, ...]:
    """Return every problem of the pages, those of single pages first, in the order of their codes.

    A sample that another page claims is a clash: the set as a whole decides, never the order of files.
    """
    problems = list(registry.problems)
    if UNKNOWN_CODE not in registry:
        problems.append(PageProblem(page=".", line=1, text=f"the page {UNKNOWN_CODE} is missing: it ends the ladder"))
        return tuple(problems)
    for pattern in registry.patterns:
        problems += _of_fixer(pattern)
        problems += _of_samples(pattern, registry)
    return tuple(problems)


def _of_fixer(pattern: ErrorPattern) -> Iterator[PageProblem]:
    if pattern.fixer is not None and pattern.fixer not in fixers.names():
        known = ", ".join(fixers.names())
        yield PageProblem(page=pattern.page, line=1, text=f"unknown fixer {pattern.fixer}; known: {known}")
    if pattern.fixer is None and pattern.applicability is Applicability.SAFE:
        yield PageProblem(page=pattern.page, line=1, text="applicability safe needs a fixer")


def _of_samples(pattern: ErrorPattern, registry: Registry) -> Iterator[PageProblem]:
    matching = sum(sample.matches for sample in pattern.samples)
    if pattern.code != UNKNOWN_CODE and matching < 2:
        yield PageProblem(page=pattern.page, line=1, text=f"{matching} samples that match; a page needs two")
    if len(pattern.samples) == matching:
        yield PageProblem(page=pattern.page, line=1, text="no sample that does not match; a page needs one")
    for sample in pattern.samples:
        code = diagnose_text(sample.text, Surface.JOB, registry)[0].code
        if sample.matches and code != pattern.code:
            yield PageProblem(page=pattern.page, line=sample.line, text=f"this sample is diagnosed as {code}")
        elif not sample.matches and code == pattern.code != UNKNOWN_CODE:
            yield PageProblem(page=pattern.page, line=sample.line, text="this sample should not match, but does")
