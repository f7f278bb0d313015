"""Tables for the terminal. All text from a workspace is made safe before it is shown."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from operations.plain_text import for_terminal
from operations.plan_preview import PlanPreview

FILE_WIDTH = 240
"""Width of tables that go to a file or a pipe, where nothing should be folded."""


def show(*parts: object) -> None:
    """Print parts to stdout; rich leaves colours out where there is no terminal."""
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, width=FILE_WIDTH)
    for part in parts:
        console.print(part)


def table(title: str, columns: list[str], rows: list[list[str]]) -> Table:
    """Return a plain table with safe cells."""
    made = Table(title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*(for_terminal(cell) for cell in row))
    return made


def plan_tables(plan: PlanPreview) -> tuple[Table | str, ...]:
    """Return all resources as a table, and below it what is not known."""
    left_out = {one.key: one.why for one in plan.left_out}
    rows = [
        [
            str(one.order),
            one.layer.value,
            one.key,
            one.level.value if one.level else one.type,
            left_out.get(one.key, "yes"),
            ", ".join(one.needs) or "-",
            one.why,
        ]
        for one in plan.resources
    ]
    shown: list[Table | str] = [table("", ["#", "layer", "resource", "level", "runs", "needs", "why"], rows)]
    if plan.unresolved:
        shown.append("\nNot known:")
        shown += [f"  {for_terminal(line)}" for line in plan.unresolved]
    return tuple(shown)
