"""Where things stand in the drawings of the report: bars of the timeline, boxes and lines of the layer graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from operations.timeline import Span
from workspace.models import Layer

LABEL_WIDTH = 230
TIME_WIDTH = 760
ROW_HEIGHT = 26
BAR_HEIGHT = 16
AXIS_HEIGHT = 24
BOX_WIDTH, BOX_HEIGHT, BOX_GAP, LAYER_GAP = 170, 30, 12, 46
HEAD_HEIGHT = 24
TICKS = 8
NICE = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400)
"""Steps of the time axis in seconds."""
MAX_LABEL = 28


@dataclass(frozen=True)
class Bar:
    """One span as a bar."""

    x: float
    y: float
    width: float
    span: Span


@dataclass(frozen=True)
class Label:
    """Text at a place."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Timeline:
    """The drawing of the timeline."""

    width: float
    height: float
    rows: tuple[Label, ...]
    ticks: tuple[Label, ...]
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Box:
    """One resource of the layer graph."""

    x: float
    y: float
    key: str
    text: str
    status: str


@dataclass(frozen=True)
class Graph:
    """The drawing of the layer graph."""

    width: float
    height: float
    heads: tuple[Label, ...]
    boxes: tuple[Box, ...]
    lines: tuple[tuple[float, float, float, float], ...]


def draw_timeline(spans: Sequence[Span]) -> Timeline | None:
    """Lay the spans out, one row for each resource in the order in which it began; None when there is nothing."""
    if not spans:
        return None
    rows = list(dict.fromkeys(span.row for span in spans))
    whole = max(1.0, *(span.ended for span in spans))
    scale = TIME_WIDTH / whole
    step = next((nice for nice in NICE if whole / nice <= TICKS), NICE[-1])
    marks = [number * step for number in range(int(whole // step) + 1)]
    bars = (
        Bar(
            x=round(LABEL_WIDTH + span.began * scale, 1),
            y=AXIS_HEIGHT + rows.index(span.row) * ROW_HEIGHT + (ROW_HEIGHT - BAR_HEIGHT) / 2,
            width=round(max((span.ended - span.began) * scale, 2.0), 1),
            span=span,
        )
        for span in spans
    )
    return Timeline(
        width=LABEL_WIDTH + TIME_WIDTH + 40,
        height=AXIS_HEIGHT + len(rows) * ROW_HEIGHT + 6,
        rows=tuple(Label(0, AXIS_HEIGHT + number * ROW_HEIGHT + 17, _cut(row)) for number, row in enumerate(rows)),
        ticks=tuple(Label(round(LABEL_WIDTH + mark * scale, 1), 14, duration(mark)) for mark in marks),
        bars=tuple(bars),
    )


def draw_graph(planned: Sequence[Mapping[str, Any]], statuses: Mapping[str, str]) -> Graph | None:
    """Lay the planned resources out, a column for each layer, with a line from each resource to what needs it.

    Args:
        planned: Resources as the journal has them: key, layer, needs, in planned order.
        statuses: Status of each resource by its key.
    """
    if not planned:
        return None
    columns = [(layer, list(members)) for layer, members in groupby(planned, key=lambda one: str(one.get("layer")))]
    heads, boxes = [], {}
    for column, (layer, members) in enumerate(columns):
        x = column * (BOX_WIDTH + LAYER_GAP)
        heads.append(Label(x, 14, "no layer" if layer == Layer.NONE else layer.replace("_", " ")))
        for row, one in enumerate(members):
            key = str(one["key"])
            y = HEAD_HEIGHT + row * (BOX_HEIGHT + BOX_GAP)
            boxes[key] = Box(x, y, key, _cut(key.partition(".")[2] or key, 22), statuses.get(key, "pending"))
    lines = [
        (boxes[need].x + BOX_WIDTH, boxes[need].y + BOX_HEIGHT / 2, boxes[key].x, boxes[key].y + BOX_HEIGHT / 2)
        for one in planned
        for key in [str(one["key"])]
        for need in map(str, one.get("needs") or ())
        if need in boxes
    ]
    tallest = max(len(members) for _, members in columns)
    return Graph(
        width=len(columns) * (BOX_WIDTH + LAYER_GAP),
        height=HEAD_HEIGHT + tallest * (BOX_HEIGHT + BOX_GAP),
        heads=tuple(heads),
        boxes=tuple(boxes.values()),
        lines=tuple(lines),
    )


def duration(seconds: float) -> str:
    """Return a time as a person says it: 45 s, 12 min, 2 h 30 min."""
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, left = divmod(minutes, 60)
    return f"{hours} h {left} min" if left else f"{hours} h"


def _cut(text: str, limit: int = MAX_LABEL) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
