"""The pages generated from the patterns, for people who browse. `bundleops knowledge docs` writes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from knowledge.pattern import Category, ErrorPattern
from knowledge.registry import Registry

PAGE = "docs/error-patterns.md"

_HEAD = """# Error patterns

<!-- Made by `bundleops knowledge docs` from knowledge/patterns; change the pages, not this list. -->

{count} known faults, by where their cause sits. Each name leads to its page: what it means, why it happens, how it is
mended, and when that would be wrong. *First step* is the kind of the first right step; *without asking* says whether
`bundleops` takes it by itself on a target that allows it.
"""


def catalogue(registry: Registry) -> Mapping[str, str]:
    """Return the generated pages: path from the project's root -> text."""
    parts = [_HEAD.format(count=len(registry.patterns))]
    for category in Category:
        members = [pattern for pattern in registry.patterns if pattern.category is category]
        if members:
            parts.append(_section(category, members))
    return {PAGE: "\n".join(parts)}


def differences(registry: Registry, root: Path) -> tuple[str, ...]:
    """Return the generated pages below `root` that are missing or differ from what would be written now."""
    return tuple(
        name
        for name, text in catalogue(registry).items()
        if not (root / name).is_file() or (root / name).read_text(encoding="utf-8") != text
    )


def _section(category: Category, members: Iterable[ErrorPattern]) -> str:
    rows = [f"## {category.value}", "", "| fault | what it is | first step | without asking |", "|---|---|---|---|"]
    for pattern in members:
        alone = "yes" if pattern.applicability == "safe" else "no"
        title = pattern.title.replace("|", "\\|")
        link = f"[{pattern.code}](../knowledge/patterns/{pattern.page})"
        rows.append(f"| {link} | {title} | {pattern.fix_kind.value} | {alone} |")
    return "\n".join([*rows, ""])
