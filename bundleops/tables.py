"""Tables for the terminal. All text from a workspace is made safe before it is shown."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from operations.plain_text import for_terminal
from operations.run_plan import RunPlan

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


def plan_table(plan: RunPlan) -> Table:
    """Return the run plan as a table."""
    rows = [
        [str(one.order), one.layer.value, one.key, one.level or one.type, ", ".join(one.needs) or "-", one.why]
        for one in plan.resources
    ]
    rows += [["-", "", one.key, "", "", one.why] for one in plan.left_out]
    return table("", ["#", "layer", "resource", "kind", "needs", "why"], rows)
