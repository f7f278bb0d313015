"""Read one pattern page: front matter, headings and samples. A fault of a page is told with its line, not raised."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, cast

import re2
import yaml
from pydantic import ValidationError

from knowledge.pattern import ErrorPattern, Sample
from workspace.models import Model

MAX_PAGE_CHARACTERS = 64_000
MAX_YAML_EVENTS = 200
"""A front matter has some thirty events; the limit stops alias bombs and deep nesting before anything is built."""

HEADINGS = ("What it means", "Why it happens", "Fix", "When not to", "References")
KEYS = frozenset(
    (
        "code",
        "category",
        "match",
        "error_class",
        "layer",
        "fix_kind",
        "fixer",
        "applicability",
        "transient",
        "repeats",
        "rank",
    )
)

_CODE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_REMEDIES = ("fix-", "use-", "handle-", "check-")
_FENCE = re.compile(r'```(match|no-match) source="((?:captured|provoked|documented|composed): [^"]+)"')


class Rank(StrEnum):
    """How much a page says about the cause. Of several pages that match one text, the first rank here wins."""

    PARTICULAR = "particular"
    """One known cause of a fault that has a more general page as well."""
    EXACT = "exact"
    """A fault with an error class or a text of its own."""
    FAMILY = "family"
    """Only the kind is known: an HTTP status, a termination type, a refusal without details."""
    WRAPPER = "wrapper"
    """The text only says that something failed; the cause stands elsewhere."""


class PageProblem(Model):
    """Why a page, or a part of it, cannot be used."""

    page: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.text}"


class Page(Model):
    """One readable pattern page."""

    pattern: ErrorPattern
    rank: Rank


class _PageError(Exception):
    """The page cannot be used; ends its reading."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line
        self.text = text


def read_page(path: str, text: str) -> Page | PageProblem:
    """Read the page at `path` (below the patterns folder), or say what is wrong with it and on which line."""
    try:
        return _read(path, text)
    except _PageError as error:
        return PageProblem(page=path, line=error.line, text=error.text)


def _read(path: str, text: str) -> Page:
    if len(text) > MAX_PAGE_CHARACTERS:
        raise _PageError(1, f"the page is longer than {MAX_PAGE_CHARACTERS} characters; shorten its samples")
    lines = text.splitlines()
    end = _front_matter_end(lines)
    fields, key_lines = _front_matter("\n".join(lines[1:end]))
    rank = fields.pop("rank", Rank.EXACT)
    _check_code(path, fields, key_lines)
    fields["match"] = _expressions(fields, key_lines)
    title, sections = _body(lines, end + 1)
    samples = tuple(_samples(lines, end + 1))
    _check_samples(fields["match"], samples)
    values = {
        **fields,
        "title": title,
        "explanation": sections["Why it happens"],
        "page": path,
        "samples": samples,
    }
    try:
        return Page(pattern=ErrorPattern.model_validate(values), rank=Rank(rank))
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "front matter"
        raise _PageError(key_lines.get(name, 1), f"{name}: {first['msg']}") from error
    except ValueError as error:
        raise _PageError(key_lines.get("rank", 1), f"rank: {error}; known: {', '.join(Rank)}") from error


def _front_matter_end(lines: list[str]) -> int:
    if not lines or lines[0] != "---" or "---" not in lines[1:]:
        raise _PageError(1, "the page has no front matter between two lines of ---")
    return lines.index("---", 1)


def _front_matter(text: str) -> tuple[dict[str, Any], dict[str, int]]:
    try:
        for count, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader), 1):
            if count > MAX_YAML_EVENTS or isinstance(event, yaml.AliasEvent):
                line = event.start_mark.line + 2 if event.start_mark else 1
                raise _PageError(line, "the front matter is too large or uses aliases")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        fields = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 2 if error.problem_mark else 1
        raise _PageError(line, f"the front matter is no YAML: {error.problem}") from error
    if not isinstance(node, yaml.MappingNode):
        raise _PageError(2, "the front matter is no mapping of keys to values")
    key_lines: dict[str, int] = {}
    for key, _ in node.value:
        line = key.start_mark.line + 2
        if key.value in key_lines:
            raise _PageError(line, f"{key.value} is given twice")
        if key.value not in KEYS:
            raise _PageError(line, f"unknown key {key.value}; known: {', '.join(sorted(KEYS))}")
        key_lines[key.value] = line
    return cast("dict[str, Any]", fields), key_lines


def _check_code(path: str, fields: dict[str, Any], key_lines: dict[str, int]) -> None:
    code, line = str(fields.get("code", "")), key_lines.get("code", 1)
    category, _, name = path.removesuffix(".md").rpartition("/")
    if not _CODE.fullmatch(code):
        raise _PageError(line, f"code {code!r} is not kebab-case")
    if code.startswith(_REMEDIES):
        raise _PageError(line, f"code {code} names a remedy; name the fault")
    if code != name:
        raise _PageError(line, f"code {code} differs from the file name {name}.md")
    if str(fields.get("category", "")) != category:
        raise _PageError(key_lines.get("category", 1), f"category differs from the folder {category}/")


def _expressions(fields: dict[str, Any], key_lines: dict[str, int]) -> tuple[str, ...]:
    given = fields.get("match", [])
    expressions = tuple([given] if isinstance(given, str) else given or ())
    line = key_lines.get("match", 1)
    if not expressions and fields.get("code") != "unknown-error":
        raise _PageError(line, "match is empty")
    options = re2.Options()
    options.log_errors = False
    for expression in expressions:
        try:
            re2.compile(expression, options)
        except (re2.error, TypeError) as error:
            reason = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else error
            raise _PageError(line, f"match {expression!r} is no RE2 expression: {reason}") from error
    return expressions


def _body(lines: list[str], start: int) -> tuple[str, dict[str, str]]:
    title = next((line[2:].strip() for line in lines[start:] if line.startswith("# ")), "")
    if not title:
        raise _PageError(start + 1, "the page has no title line '# …'")
    sections: dict[str, str] = {}
    for number, line in enumerate(lines[start:], start + 1):
        if line.startswith("## "):
            name = line[3:].strip()
            if name not in (*HEADINGS, "Samples"):
                raise _PageError(number, f"unknown heading {name!r}; a page has: {', '.join(HEADINGS)}, Samples")
            sections[name] = _paragraph(lines, number)
    for heading in HEADINGS:
        if not sections.get(heading):
            raise _PageError(len(lines), f"the heading '## {heading}' is missing or has no text")
    return title, sections


def _paragraph(lines: list[str], start: int) -> str:
    words: list[str] = []
    for line in lines[start:]:
        if line.startswith(("## ", "```")) or (not line.strip() and words):
            break
        if line.strip():
            words.append(line.strip())
    return " ".join(words)


def _samples(lines: list[str], start: int) -> Iterator[Sample]:
    number = start
    while number < len(lines):
        line = lines[number]
        fence = _FENCE.fullmatch(line)
        if line.startswith(("```match", "```no-match")) and fence is None:
            raise _PageError(number + 1, 'a sample starts with ```match source="KIND: where it comes from"')
        if fence:
            end = next((n for n in range(number + 1, len(lines)) if lines[n] == "```"), None)
            if end is None:
                raise _PageError(number + 1, "the sample is not closed with ```")
            text = "\n".join(lines[number + 1 : end])
            yield Sample(text=text, matches=fence[1] == "match", source=fence[2], line=number + 1)
            number = end
        number += 1


def _check_samples(expressions: tuple[str, ...], samples: tuple[Sample, ...]) -> None:
    options = re2.Options()
    options.log_errors = False
    for sample in samples:
        if sample.matches and expressions and not any(re2.search(e, sample.text, options) for e in expressions):
            raise _PageError(sample.line, "no expression of the page matches this sample")
