"""Find pattern pages by words: code and title count most, then what the page says, then its samples."""

from __future__ import annotations

import re
from collections.abc import Iterable

from knowledge.pattern import ErrorPattern
from knowledge.registry import Registry

CODE, TITLE, BODY, SAMPLE = 8, 5, 2, 1
"""Weight of a word by where it stands."""


def search(registry: Registry, words: str, limit: int = 10) -> tuple[ErrorPattern, ...]:
    """Return the pages that hold every word, or else any of them, the best first.

    Args:
        registry: the error patterns.
        words: what to look for; case and order do not matter, a word also finds longer ones that begin with it.
        limit: how many pages at most.
    """
    wanted = sorted(set(_words(words)))
    scored = [(_score(pattern, wanted), pattern) for pattern in registry.patterns]
    scored.sort(key=lambda found: (-found[0][0], -found[0][1], found[1].code))
    return tuple(pattern for (hits, _), pattern in scored[:limit] if hits)


def _score(pattern: ErrorPattern, wanted: Iterable[str]) -> tuple[int, int]:
    """Return how many of the words are found, and their weight together."""
    places = (
        (CODE, _words(pattern.code)),
        (TITLE, _words(pattern.title)),
        (BODY, _words(f"{pattern.explanation} {pattern.category} {pattern.fix_kind} {pattern.error_class or ''}")),
        (SAMPLE, _words(" ".join(sample.text for sample in pattern.samples if sample.matches))),
    )
    weights = [max((weight for weight, words in places if _begins(words, word)), default=0) for word in wanted]
    return sum(weight > 0 for weight in weights), sum(weights)


def _begins(words: Iterable[str], start: str) -> bool:
    return any(word.startswith(start) for word in words)


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())
