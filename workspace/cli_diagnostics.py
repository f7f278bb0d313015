"""Reads the diagnostic blocks that the CLI prints on stderr. The layout is the CLI's contract since 0.278."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from workspace.models import CliDiagnostic, SourceLocation

_HEAD = re.compile(r"^(Error|Warning|Warn|Recommendation): (.*)$")
_AT = re.compile(r"^  at (\S.*)$")
_IN = re.compile(r"^  in (\S.*)$")
_MORE = re.compile(r"^ {5}(\S.*)$")
_POSITION = re.compile(r"^(.*?):(\d+)(?::(\d+))?$")
_STATUS = re.compile(r"^HTTP Status: (\d+)", re.MULTILINE)
_CODE = re.compile(r"^API error_code: (\S+)", re.MULTILINE)
_YAML_LINE = re.compile(r"^failed to load (\S.*?): yaml: line (\d+)")
_CODE_IN_SUMMARY = re.compile(r"\((\d{3}) ([A-Z][A-Z0-9_]+)\)$")

_Severity = Literal["error", "warning", "recommendation"]
_SEVERITY: dict[str, _Severity] = {
    "Error": "error",
    "Warning": "warning",
    "Warn": "warning",
    "Recommendation": "recommendation",
}
# What ends a block although no blank line stands before it: the CLI's own progress lines.
_PROGRESS = re.compile(r"^(Uploading bundle files to |Files: \d|Resources: \d|Created |Updated |Deleted |Recreated )")


def parse_diagnostics(stderr: str, root: Path) -> tuple[CliDiagnostic, ...]:
    """Return the diagnostic blocks in the order printed, each distinct one once; paths relative to the bundle root."""
    seen: dict[CliDiagnostic, None] = {}
    for block in _blocks(stderr.splitlines()):
        seen.setdefault(_diagnostic(block, root))
    return tuple(seen)


def _blocks(lines: list[str]) -> Iterator[list[str]]:
    block: list[str] = []
    for line in lines:
        if _HEAD.match(line) or _PROGRESS.match(line):
            if block:
                yield block
            block = [line] if _HEAD.match(line) else []
        elif block:
            block.append(line)
    if block:
        yield block


def _diagnostic(block: list[str], root: Path) -> CliDiagnostic:
    head = _HEAD.match(block[0])
    if head is None:
        raise ValueError(f"no diagnostic: {block[0]!r}")
    config_paths, positions, rest = _split(block[1:])
    summary = _relative_text(head.group(2).strip(), root)
    detail = _relative_text("\n".join(rest).strip(), root)
    locations = tuple(_location(position, root) for position in positions) or _location_in(summary)
    status, code = _api_cause(summary, detail)
    return CliDiagnostic(
        severity=_SEVERITY[head.group(1)],
        summary=summary,
        config_path=config_paths[0] if config_paths else None,
        locations=locations,
        detail=detail,
        http_status=status,
        error_code=code,
    )


def _split(lines: list[str]) -> tuple[list[str], list[str], list[str]]:
    """Part the lines below the head into config paths, positions and detail."""
    config_paths: list[str] = []
    positions: list[str] = []
    current: list[str] | None = None
    for index, line in enumerate(lines):
        if at := _AT.match(line):
            current = config_paths
            current.append(at.group(1))
        elif place := _IN.match(line):
            current = positions
            current.append(place.group(1))
        elif current is not None and (more := _MORE.match(line)):
            current.append(more.group(1))
        else:
            return config_paths, positions, lines[index:]
    return config_paths, positions, []


def _location(position: str, root: Path) -> SourceLocation:
    match = _POSITION.match(position)
    if match is None:
        return SourceLocation(path=_relative_text(position, root))
    path, line, column = match.groups()
    return SourceLocation(path=_relative_text(path, root), line=int(line), column=int(column) if column else None)


def _location_in(summary: str) -> tuple[SourceLocation, ...]:
    """YAML that cannot be read is reported in the summary only."""
    match = _YAML_LINE.match(summary)
    return (SourceLocation(path=match.group(1), line=int(match.group(2))),) if match else ()


def _relative_text(text: str, root: Path) -> str:
    """Cut the bundle root out of a text: the working copy's folder means nothing to a person."""
    for prefix in {str(root), str(root.resolve())}:
        text = text.replace(f"{prefix}/", "")
    return text


def _api_cause(summary: str, detail: str) -> tuple[int | None, str | None]:
    status, code = _STATUS.search(detail), _CODE.search(detail)
    if status or code:
        return (int(status.group(1)) if status else None), (code.group(1) if code else None)
    short = _CODE_IN_SUMMARY.search(summary)
    return (int(short.group(1)), short.group(2)) if short else (None, None)
