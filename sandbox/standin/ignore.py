"""Patterns of .gitignore and of sync.include and sync.exclude."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sandbox.standin.diagnostics import BundleError


class Patterns:
    """An ordered list of patterns, the last match counts; `!` takes a match back."""

    def __init__(self, lines: Iterable[str]) -> None:
        stripped = [line.strip() for line in lines]
        self._rules = [_rule(line) for line in stripped if line and not line.startswith("#")]

    def match(self, path: str) -> bool:
        """Tell whether a file (relative, with slashes) or one of the folders above it is matched."""
        matched = False
        for negated, pattern in self._rules:
            if pattern.match(path):
                matched = not negated
        return matched


def _rule(line: str) -> tuple[bool, re.Pattern[str]]:
    negated, text = line.startswith("!"), line.removeprefix("!")
    only_folders, text = text.endswith("/"), text.rstrip("/")
    anchored = "/" in text
    text = text.removeprefix("./").lstrip("/")
    body = "" if anchored else "(?:.*/)?"
    body += "".join(_piece(part) for part in re.findall(r"\*\*/|/\*\*$|\*\*|\*|\?|\[[^\]]+\]|.", text))
    # A matched folder takes everything below it along.
    try:
        return negated, re.compile(body + ("/.+" if only_folders else "(?:/.+)?") + r"\Z", re.DOTALL)
    except re.error as error:
        raise BundleError(f"the pattern {line!r} of .gitignore or sync cannot be read: {error}") from error


def _piece(part: str) -> str:
    known = {"**/": "(?:.*/)?", "/**": "/.+", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    if part in known:
        return known[part]
    if part.startswith("[") and len(part) > 2:
        return "[" + ("^" + part[2:-1] if part[1] == "!" else part[1:-1]).replace("\\", r"\\") + "]"
    return re.escape(part)
