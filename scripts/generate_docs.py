"""Generated pages of the docs: written by `make docs`, and a test fails while one differs from what it is made of."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo

from knowledge.catalogue import PAGE as ERROR_PATTERNS
from knowledge.catalogue import catalogue
from knowledge.registry import load_registry
from workspace.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parent.parent
_WORDS = {int: "whole number", float: "number", bool: "true or false", Path: "folder", str: "text"}
_BOUNDS: tuple[tuple[type, str, str], ...] = (
    (Ge, "ge", "at least {}"),
    (Gt, "gt", "more than {}"),
    (Le, "le", "at most {}"),
    (Lt, "lt", "less than {}"),
)


def settings_page() -> str:
    """Return the reference of all settings."""
    head = (
        "# Settings\n\n"
        "<!-- Generated from workspace/settings.py by `make docs`. -->\n\n"
        f"Every setting is an environment variable that begins with `{PREFIX}`. A variable of this name that is no "
        "setting is refused, so that a mistyped one does not go unnoticed; an empty one counts as not set.\n\n"
        "An operation keeps the limits with which it began (iterations, parallel runs, time limits, what is healed and "
        "how much a day), also when it is resumed under other ones; only the time to wait for an answer is new.\n"
    )
    return "\n".join([head, *(_section(name, field) for name, field in Settings.model_fields.items())])


def _section(name: str, field: FieldInfo) -> str:
    facts = [_kind(field.annotation), *_bounds(field), _default(field)]
    return f"## {PREFIX}{name.upper()}\n\n{field.description}\n\n*{'; '.join(facts)}*\n"


def _kind(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is tuple:
        return "texts with commas between them"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return "`name=value` with commas between them"
    kinds = [one for one in inner if one is not type(None)]
    if kinds and all(isinstance(one, str) for one in kinds):
        return "one of " + ", ".join(f"`{one}`" for one in kinds)
    if kinds:
        return _kind(kinds[0])
    return _WORDS[annotation]


def _bounds(field: FieldInfo) -> list[str]:
    return [
        text.format(f"{getattr(bound, attribute):,g}".replace(",", " "))
        for kind, attribute, text in _BOUNDS
        for bound in field.metadata
        if isinstance(bound, kind)
    ]


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        return "default: the user's state folder" if field.annotation is Path else "default: none"
    if field.default in {None, ()}:
        return "default: not set"
    shown = str(field.default).lower() if isinstance(field.default, bool) else f"{field.default}"
    return f"default: `{shown}`"


def error_patterns_page() -> str:
    """Return the list of all error patterns."""
    return catalogue(load_registry())[ERROR_PATTERNS]


PAGES: Mapping[str, Callable[[], str]] = {"docs/settings.md": settings_page, ERROR_PATTERNS: error_patterns_page}
"""Every generated page by its path in the repository, and what makes it."""


def differing() -> list[str]:
    """Return the pages that are not what they are made of."""
    return [path for path, make in PAGES.items() if _read(ROOT / path) != make()]


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def main() -> None:
    """Write every page; with `--check` only say which differ."""
    stale = differing()
    if "--check" in sys.argv[1:]:
        sys.exit(f"docs: run `make docs`; these differ: {', '.join(stale)}" if stale else 0)
    for path in stale:
        (ROOT / path).write_text(PAGES[path](), encoding="utf-8")
        print(f"docs: {path} written")


if __name__ == "__main__":
    main()
