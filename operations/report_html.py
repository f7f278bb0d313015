"""The report of an operation as one HTML page that needs nothing else: a timeline, the layer graph, every failure.

All text is escaped by the template engine, and the page's own policy lets it load and run nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from operations.events import Event, JournalEvent
from operations.plain_text import for_terminal, shorten
from operations.report_data import OperationReport
from operations.report_drawing import BAR_HEIGHT, BOX_HEIGHT, BOX_WIDTH, draw_graph, draw_timeline, duration
from operations.timeline import timeline

TEMPLATE = "report.html.j2"
TEXT_LIMIT = 20_000
_WEB_ADDRESS = re.compile(r"https?://[^\s<>\"'`\\]+")


def render_html(report: OperationReport, events: Iterable[JournalEvent]) -> str:
    """Return the page; it holds styles and drawings itself, and no script."""
    journal = tuple(events)
    planned: Any = next(
        (one.data["resources"] for one in reversed(journal) if one.event == Event.RESOURCES_PLANNED), ()
    )
    statuses = {one.progress.key: one.progress.status.value for one in report.resources}
    template = _environment().get_template(TEMPLATE)
    return template.render(
        report=report,
        told=[
            one for one in (report.deploy, *report.resources) if any(_is_told(each) for each in one.progress.attempts)
        ],
        timeline=draw_timeline(timeline(journal)),
        graph=draw_graph(planned, statuses),
        size={"bar": BAR_HEIGHT, "width": BOX_WIDTH, "height": BOX_HEIGHT},
    )


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"plain": _plain, "duration": duration, "address": _address, "told": _is_told}
    return made


def _plain(text: object) -> str:
    """Return text of a workspace without control characters, and at a bearable length; the engine escapes it."""
    return shorten(for_terminal(str(text)), TEXT_LIMIT)


def _address(url: str) -> str:
    """Return a web address, nothing for whatever is none."""
    return url if _WEB_ADDRESS.fullmatch(url) and for_terminal(url) == url else ""


def _is_told(attempt: Any) -> bool:
    """Tell whether there is more to say of an attempt than that it ran."""
    return bool(attempt.evidence or attempt.plan)
