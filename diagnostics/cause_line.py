"""The line of an unrecognised text that most likely says what happened, for the person who has to read on."""

from __future__ import annotations

import re

MAX_LINES = 2_000
MAX_CHARACTERS = 300

_CAUSED_BY = re.compile(r"^\s*Caused by: +(\S.*)$")
_EXCEPTION = re.compile(
    r"^\s*((?:[A-Za-z_$][\w$]*\.)*[A-Z]\w{0,80}(?:Error|Exception|Exit|Interrupt|Warning))\b(:.*)?$"
)
_LEVEL = re.compile(r"^\s*(?:ERROR|FATAL|Error|error)\b[:\s]+(\S.*)$")
_WRAPPED = re.compile(
    r"Workload failed|See (?:run )?output|NotebookExecutionException|Py4JJavaError|An error occurred while calling"
    r"|SparkException: Job aborted"
)


def cause_line(text: str) -> str:
    """Return the innermost `Caused by`, else the last exception, else a line marked as error, else the first line.

    Args:
        text: error and trace; of a long one begin and end are looked at.

    Returns:
        One line of at most 300 characters; empty for an empty text.
    """
    lines = _lines(text)
    for pattern in (_CAUSED_BY, _EXCEPTION, _LEVEL):
        found = [line.strip() for line in lines if pattern.match(line) and not _WRAPPED.search(line)]
        if found:
            return found[-1][:MAX_CHARACTERS]
    return next((line.strip() for line in lines if line.strip()), "")[:MAX_CHARACTERS]


def exception_name(line: str) -> str:
    """Return the exception that a line names, such as `KeyError`, else an empty text."""
    found = _EXCEPTION.match(line.removeprefix("Caused by: "))
    return found[1] if found else ""


def _lines(text: str) -> list[str]:
    lines = [line[: 4 * MAX_CHARACTERS] for line in text.splitlines()]
    return lines if len(lines) <= MAX_LINES else lines[: MAX_LINES // 2] + lines[-MAX_LINES // 2 :]
