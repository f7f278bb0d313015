"""Writes the report of an operation, for people and for programs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from operations.events import JournalEvent
from operations.operation import Operation
from operations.report_data import make_report
from operations.report_html import render_html
from operations.report_json import render_json
from operations.report_markdown import render_markdown
from workspace.errors import StateError


def write_report(request: Operation, events: Iterable[JournalEvent]) -> Path:
    """Write `report.md`, `.json` and `.html` into the operation's reports folder and return the Markdown one's path.

    Raises:
        StateError: the files cannot be written.
    """
    journal = tuple(events)
    report = make_report(request, journal)
    folder = request.folder / "reports"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(folder / "report.json", json.dumps(render_json(report), indent=2, ensure_ascii=False) + "\n")
        _write(folder / "report.html", render_html(report, journal))
        _write(folder / "report.md", render_markdown(report))
    except OSError as error:
        raise StateError(
            f"Cannot write the report into {folder}: {error.strerror or error}. Make room or give access, then resume."
        ) from error
    return folder / "report.md"


def _write(path: Path, content: str) -> None:
    draft = path.with_suffix(".draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(content)
    draft.replace(path)
