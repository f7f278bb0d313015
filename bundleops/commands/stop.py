"""`bundleops stop`: one switch that keeps every operation from changing anything, until it is lifted."""

from __future__ import annotations

import getpass
import socket
from typing import Annotated

import typer

from operations.plain_text import for_terminal
from operations.stop_switch import Stop, StopSwitch
from operations.store import StateStore
from workspace.errors import UsageError
from workspace.settings import settings


def stop(
    reason: Annotated[str, typer.Argument(help="Why, for those who find their operation stopped.")] = "",
    lift: Annotated[bool, typer.Option("--lift", help="Let operations go on.")] = False,
    status: Annotated[bool, typer.Option("--status", help="Only say whether operations are stopped.")] = False,
) -> None:
    """Stop all operations of this state directory before their next deploy, start, edit or destroy.

    Runs that go on in the workspace are not canceled. Stopped operations end with 1 and can be resumed.
    """
    if lift and (status or reason):
        raise UsageError("--lift takes neither a reason nor --status.")
    switch = StopSwitch(StateStore(settings().state_dir).root)
    if status:
        print(for_terminal(_told(switch.state())))
    elif lift:
        print("Operations may go on; resume those that were stopped." if switch.lift() else "Nothing was stopped.")
    else:
        print(for_terminal(_told(switch.stop(f"{getpass.getuser()} on {socket.gethostname()}", reason))))


def _told(stop: Stop | None) -> str:
    if stop is None:
        return "Operations are not stopped."
    because = f": {' '.join(stop.reason.split())}" if stop.reason else ""
    since = f"{stop.at:%Y-%m-%d %H:%M} UTC"
    return f"All operations are stopped by {stop.by} since {since}{because}. To go on: bundleops stop --lift"
