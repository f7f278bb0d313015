"""All pattern pages of a folder, checked together. A bad page is reported and left out; the rest still works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from knowledge.page import MAX_PAGE_CHARACTERS, Page, PageProblem, Rank, read_page
from knowledge.pattern import ErrorPattern

BUILTIN = Path(__file__).parent / "patterns"
UNKNOWN_CODE = "unknown-error"
MAX_PAGES = 2_000


@dataclass(frozen=True, eq=False)
class Registry:
    """The known error patterns, sorted by code, and what could not be read. Compared by identity: it is a cache key."""

    patterns: tuple[ErrorPattern, ...]
    problems: tuple[PageProblem, ...] = ()
    ranks: Mapping[str, Rank] = field(default_factory=dict)
    """Rank of each code that is not `exact`."""

    def __getitem__(self, code: str) -> ErrorPattern:
        """Return the pattern with this code; KeyError when there is none."""
        for pattern in self.patterns:
            if pattern.code == code:
                return pattern
        raise KeyError(code)

    def __contains__(self, code: str) -> bool:
        return any(pattern.code == code for pattern in self.patterns)

    def rank(self, code: str) -> Rank:
        """Return how much the page of this code says about the cause."""
        return self.ranks.get(code, Rank.EXACT)


def load_registry(directory: Path = BUILTIN) -> Registry:
    """Load all pages below `directory`; within one process an unchanged folder is read once.

    Args:
        directory: folder with one sub-folder for each category.

    Returns:
        The usable patterns, and one problem for each page that is not.
    """
    files = sorted(directory.rglob("*.md"))
    return _load(directory, tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in files))


@lru_cache(maxsize=8)
def _load(directory: Path, files: tuple[tuple[Path, int, int], ...]) -> Registry:
    pages: dict[str, Page] = {}
    problems: list[PageProblem] = []
    for path, _, size in files[:MAX_PAGES]:
        name = path.relative_to(directory).as_posix()
        page = _read(path, name, size)
        if isinstance(page, PageProblem):
            problems.append(page)
        elif page.pattern.code in pages:
            first = pages[page.pattern.code].pattern.page
            problems.append(PageProblem(page=name, line=1, text=f"code {page.pattern.code} is taken by {first}"))
        else:
            pages[page.pattern.code] = page
    if len(files) > MAX_PAGES:
        problems.append(PageProblem(page=".", line=1, text=f"only {MAX_PAGES} of {len(files)} pages were read"))
    ordered = sorted(pages.values(), key=lambda page: page.pattern.code)
    return Registry(
        patterns=tuple(page.pattern for page in ordered),
        problems=tuple(problems),
        ranks={page.pattern.code: page.rank for page in ordered if page.rank is not Rank.EXACT},
    )


def _read(path: Path, name: str, size: int) -> Page | PageProblem:
    # A character takes at most four bytes: a larger file cannot be a page, so it is not even opened.
    if size > 4 * MAX_PAGE_CHARACTERS:
        return PageProblem(page=name, line=1, text=f"the page is longer than {MAX_PAGE_CHARACTERS} characters")
    try:
        return read_page(name, path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        return PageProblem(page=name, line=1, text=f"the page cannot be read: {error}")
