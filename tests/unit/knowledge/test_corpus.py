"""Every sample of every page, classified by all pages together: specific pages win, and no page is too greedy."""

from __future__ import annotations

import pytest

from diagnostics import fixers
from diagnostics.diagnose import diagnose_text
from knowledge.pattern import Applicability, ErrorPattern, Sample
from knowledge.registry import UNKNOWN_CODE, load_registry
from workspace.models import Surface

REGISTRY = load_registry()
SAMPLES = [
    pytest.param(pattern, sample, id=f"{pattern.code}:{sample.line}")
    for pattern in REGISTRY.patterns
    for sample in pattern.samples
]


@pytest.mark.parametrize(("pattern", "sample"), SAMPLES)
def test_a_sample_is_classified_as_its_page_says(pattern: ErrorPattern, sample: Sample) -> None:
    code = diagnose_text(sample.text, Surface.JOB, REGISTRY)[0].code

    assert (code == pattern.code) == (sample.matches or pattern.code == UNKNOWN_CODE)


@pytest.mark.parametrize("pattern", REGISTRY.patterns, ids=lambda pattern: pattern.code)
def test_a_page_has_two_texts_that_match_and_one_that_does_not(pattern: ErrorPattern) -> None:
    matching = [sample for sample in pattern.samples if sample.matches]

    assert len(matching) >= 2 or pattern.code == UNKNOWN_CODE
    assert len(pattern.samples) > len(matching)


@pytest.mark.parametrize("pattern", REGISTRY.patterns, ids=lambda pattern: pattern.code)
def test_a_page_that_names_a_fixer_names_one_that_exists(pattern: ErrorPattern) -> None:
    assert pattern.fixer is None or pattern.fixer in fixers.names()
    assert pattern.fixer is not None or pattern.applicability is not Applicability.SAFE
