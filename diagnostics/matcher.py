"""Find the patterns of a registry in an error text. It is hostile input, so only RE2 runs on it, in linear time.

Ranking of several hits, in this order: the page's rank (particular, exact, family, wrapper), then where in the text the
match begins (the error stands before its trace), then the code. Nothing depends on the order of files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2

from knowledge.page import Rank
from knowledge.pattern import ErrorPattern
from knowledge.registry import Registry
from workspace.errors import OperatorError

MAX_CHARACTERS = 1_000_000
"""Longer texts keep their head, where the error stands, and their tail, where the innermost cause stands."""
MATCHER_MEMORY_BYTES = 256 << 20

_RANKS = {rank: position for position, rank in enumerate(Rank)}


class MatcherError(OperatorError):
    """The patterns could not be run on a text. It is never reported as a text without a match."""


@dataclass(frozen=True)
class Hit:
    """One pattern found in a text."""

    pattern: ErrorPattern
    rank: Rank
    start: int
    span: str
    """The matched text."""
    groups: Mapping[str, str]
    """Named groups that took part in the match."""


def shorten(text: str) -> str:
    """Return the text without NUL and lone surrogates, cut in its middle when it is longer than the limit."""
    if len(text) > MAX_CHARACTERS:
        half = MAX_CHARACTERS // 2
        text = f"{text[:half]}\n… cut …\n{text[-half:]}"
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", " ")


class Matcher:
    """All expressions of a registry, compiled once."""

    def __init__(self, registry: Registry, memory_bytes: int = MATCHER_MEMORY_BYTES) -> None:
        self._registry = registry
        options = re2.Options()
        options.log_errors = False
        options.max_mem = memory_bytes
        self._set = re2.Set.SearchSet(options)
        # The set tells no difference between "nothing found" and "out of memory". This first expression is found in
        # every text: an answer without it is an error.
        self._set.Add("")
        self._entries: list[tuple[ErrorPattern, Any]] = []
        for pattern in registry.patterns:
            for expression in pattern.match:
                self._set.Add(expression)
                self._entries.append((pattern, re2.compile(expression, options)))
        try:
            self._set.Compile()
        except re2.error as error:
            raise MatcherError(self._out_of_memory("together")) from error

    def hits(self, text: str) -> tuple[Hit, ...]:
        """Return every pattern found in the text, the best first and each once.

        Raises:
            MatcherError: the expressions could not be run within the memory limit.
        """
        text = shorten(text)
        found = self._set.Match(text)
        if not found or 0 not in found:
            raise MatcherError(self._out_of_memory(f"on a text of {len(text)} characters"))
        best: dict[str, Hit] = {}
        for index in found:
            if index == 0:
                continue
            hit = self._hit(index - 1, text)
            known = best.get(hit.pattern.code)
            if known is None or (len(hit.groups), -hit.start) > (len(known.groups), -known.start):
                best[hit.pattern.code] = hit
        return tuple(sorted(best.values(), key=lambda hit: (_RANKS[hit.rank], hit.start, hit.pattern.code)))

    def _out_of_memory(self, where: str) -> str:
        return (
            f"{len(self._entries)} error patterns ran out of memory {where}: "
            "simplify the newest patterns or raise MATCHER_MEMORY_BYTES in diagnostics/matcher.py"
        )

    def _hit(self, entry: int, text: str) -> Hit:
        pattern, expression = self._entries[entry]
        match = expression.search(text)
        if match is None:
            raise MatcherError(f"pattern {pattern.code} matched in the set but not alone: report it with its page")
        return Hit(
            pattern=pattern,
            rank=self._registry.rank(pattern.code),
            start=match.start(),
            span=match.group(),
            groups={name: value for name, value in match.groupdict().items() if value},
        )


@lru_cache(maxsize=8)
def matcher_for(registry: Registry) -> Matcher:
    """Return the compiled matcher of this registry."""
    return Matcher(registry)
