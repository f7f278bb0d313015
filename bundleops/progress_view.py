"""Shows an operation while it runs: coloured lines and a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from bundleops.event_lines import EventLine, lines_for
from bundleops.options import Output
from operations.events import Event, JournalEvent
from operations.operation import Operation
from operations.plain_text import for_terminal

STYLES = {
    "good": "green",
    "bad": "red",
    "warn": "yellow",
    "quiet": "dim",
    "head": "bold",
    "add": "green",
    "remove": "red",
}


class View(Protocol):
    """Something that shows the events of an operation."""

    def show(self, event: JournalEvent) -> None:
        """Show one event."""

    def interrupted(self) -> None:
        """Say what an interrupt leaves behind and how to go on."""

    def __enter__(self) -> Self:
        """Begin to show."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""


def view_for(work: Operation, output: Output) -> View:
    """Return the view that fits: lines go to stderr where stdout carries JSON."""
    stream = sys.stderr if output is Output.JSON else sys.stdout
    return TerminalView(work, Console(file=stream, highlight=False)) if stream.isatty() else PlainView(work, stream)


class PlainView:
    """One plain line for each thing that happens, with the time."""

    def __init__(self, work: Operation, stream: object) -> None:
        self._work = work
        self._console = Console(file=stream, highlight=False, markup=False, soft_wrap=True, width=1000)  # type: ignore[arg-type]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held."""

    def show(self, event: JournalEvent) -> None:
        """Print the event's lines."""
        for line in lines_for(event, self._work):
            self._console.print(f"{event.at.astimezone():%H:%M:%S} {for_terminal(line.text)}", style=None)

    def interrupted(self) -> None:
        """Print how to go on."""
        self._console.print(interrupt_text(self._work))


class TerminalView:
    """Lines that scroll, above a table of the resources with what each is doing."""

    def __init__(self, work: Operation, console: Console) -> None:
        self._work = work
        self._console = console
        self._states: dict[str, tuple[str, str, float]] = {}
        self._doing = "starting"
        self._over = False
        self._live = Live(console=console, refresh_per_second=4, transient=True, get_renderable=self._render)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over = True
        self._live.stop()

    def show(self, event: JournalEvent) -> None:
        """Print the event's lines and bring the table up to date."""
        for line in lines_for(event, self._work):
            self._console.print(_styled(line))
        self._follow(event)

    def interrupted(self) -> None:
        """Print how to go on."""
        self._console.print(Text(interrupt_text(self._work), style="yellow"))

    @contextmanager
    def stepping_aside(self) -> Iterator[None]:
        """Take the table off the screen while somebody is asked something."""
        self._live.stop()
        try:
            yield
        finally:
            if not self._over:
                self._live.start()

    def write(self, text: str) -> None:
        """Print text as it is, made safe; no line end is added."""
        self._console.print(for_terminal(text), end="", markup=False, soft_wrap=True)

    def _follow(self, event: JournalEvent) -> None:
        if event.event == Event.RESOURCES_PLANNED:
            for one in event.data["resources"]:
                self._states.setdefault(one["key"], ("waiting", "quiet", 0.0))
        state = _STATES.get(event.event)
        if state and event.resource in self._states:
            self._states[event.resource] = (*state, time.monotonic())
        self._doing = _DOING.get(event.event, self._doing)

    def _render(self) -> Group:
        table = Table(box=None, pad_edge=False, show_header=False)
        for key, (state, style, since) in self._states.items():
            elapsed = f"{time.monotonic() - since:.0f} s" if state == "running" else ""
            table.add_row("  ", for_terminal(key), Text(state, style=STYLES[style]), Text(elapsed, style="dim"))
        return Group(table, Spinner("dots", Text(f" {self._doing}", style="dim")))


_STATES: dict[str, tuple[str, str]] = {
    Event.RUN_STARTED: ("running", "warn"),
    Event.RUN_VERIFIED: ("verified", "good"),
    Event.FAILURE_DIAGNOSED: ("failed", "bad"),
    Event.FIX_APPLIED: ("fixed, to run again", "warn"),
    Event.RESOURCE_ESCALATED: ("waits for a person", "bad"),
    Event.RESOURCE_SKIPPED: ("skipped", "quiet"),
}
_DOING: dict[str, str] = {
    Event.OPERATION_STARTED: "checking CLI and workspace",
    Event.BUNDLE_DISCOVERED: "validating the bundle",
    Event.BUNDLE_VALIDATED: "planning the deploy",
    Event.DEPLOY_STARTED: "deploying",
    Event.RUN_STARTED: "waiting for the run",
    Event.RUN_ENDED: "verifying",
    Event.QUESTION_ASKED: "waiting for a person's answer",
    Event.DESTROY_STARTED: "destroying",
    Event.DESTROY_ENDED: "looking for what is left",
}


def _styled(line: EventLine) -> Text:
    return Text(for_terminal(line.text), style=STYLES.get(line.style, ""))


def interrupt_text(work: Operation) -> str:
    """Return what an interrupt leaves behind and how to go on."""
    return f"Interrupted. What runs in the workspace goes on; nothing is lost. Go on with: {work.resume_command}"
