"""Makes hostile text safe to show: on a terminal, in Markdown, and at a bearable length. No text is trusted here."""

from __future__ import annotations

import re

import re2

_ESCAPES = re2.compile(
    r"(?:\x1b\[|\x{9b})[0-?]*[ -/]*[@-~]"  # colours, cursor moves
    r"|(?:\x1b[\]PX^_]|[\x{90}\x{98}\x{9d}-\x{9f}])[^\x07\x1b\x{9c}\n]*(?:\x07|\x1b\\|\x{9c})?"  # titles, links
    r"|\x1b[ -/]*[0-~]"
)
_LINE_ENDS = re2.compile(r"\r\n?|[\x0b\x0c\x{85}\x{2028}\x{2029}]")
# Format characters (bidi overrides, zero width, tags) reorder or hide what a person reads.
_INVISIBLE = re2.compile(r"[^\P{Cc}\n\t]|[\p{Cf}\p{Co}]")
_MARKDOWN = re.compile(r"([\\`*_\[\]|~$])")
_LINE_START = re.compile(r"^(\s*)([#+=-]|\d+(?=[.)]))")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;"}


def for_terminal(text: str) -> str:
    """Return the text without control characters, escape sequences and bidi overrides; newlines and tabs stay."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    text = _LINE_ENDS.sub("\n", _ESCAPES.sub("", text))
    return str(_INVISIBLE.sub("", text))


def for_markdown(text: str) -> str:
    """Return the text as one line of Markdown that shows it literally: no markup, links, mentions or table breaks."""
    line = " ".join(for_terminal(text).split())
    line = "".join(_ENTITIES.get(character, character) for character in line)
    line = _MARKDOWN.sub(r"\\\1", line)
    line = _LINE_START.sub(_escape_line_start, line)
    return line.replace("://", "&#58;//").replace("www.", "www&#46;")


def code_span(text: str) -> str:
    """Return the text as inline code, safe in a table cell too."""
    line = " ".join(for_terminal(text).split()) or " "
    ticks = "`" * (_longest_run(line) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{ticks}{pad}{line}{pad}{ticks}".replace("|", "\\|")


def fenced(text: str, language: str = "") -> str:
    """Return the text as a code block whose fence is longer than any run of backticks inside."""
    body = for_terminal(text).rstrip("\n")
    fence = "`" * max(3, _longest_run(body) + 1)
    return f"{fence}{language}\n{body}\n{fence}"


def link(label: str, url: str) -> str:
    """Return a Markdown link, or the label alone where the address is no plain web address."""
    if not re.fullmatch(r"https?://[^\s<>()\[\]\\`|\"']+", url) or for_terminal(url) != url:
        return for_markdown(label)
    return f"[{for_markdown(label)}]({url})"


def shorten(text: str, limit: int = 2000) -> str:
    """Return at most about `limit` characters: the beginning and the end, and how much was left out between."""
    if len(text) <= limit:
        return text
    tail = limit // 3
    head = limit - tail
    mark = f" … {len(text) - limit:,} characters left out … "
    between = f"\n{mark.strip()}\n" if "\n" in text else mark
    return f"{text[:head]}{between}{text[len(text) - tail :]}"


def _longest_run(text: str) -> int:
    """Length of the longest run of backticks."""
    return max((len(run) for run in re.findall("`+", text)), default=0)


def _escape_line_start(match: re.Match[str]) -> str:
    """Escape what would open a heading, a list or a rule at the start of a line."""
    space, opener = match.groups()
    return f"{space}{opener}\\" if opener.isdigit() else f"{space}\\{opener}"
