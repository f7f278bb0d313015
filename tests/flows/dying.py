"""Calls bundleops and dies, as by `kill -9`, right before or after a line is journalled.

Usage: python -m tests.flows.dying before|after EVENT RESOURCE ARGUMENTS-OF-BUNDLEOPS...
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any
from unittest import mock

from bundleops.__main__ import main
from operations.events import JournalEvent
from operations.journal import Journal

append = Journal.append


def dying_append(
    journal: Journal, event: str, resource: str | None = None, iteration: int | None = None, **data: Any
) -> JournalEvent:
    """Append a line, unless this is the moment to die."""
    is_moment = (event, resource or "") == (EVENT, RESOURCE)
    if is_moment and WHEN == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    line = append(journal, event, resource, iteration, **data)
    if is_moment:
        os.kill(os.getpid(), signal.SIGKILL)
    return line


if __name__ == "__main__":
    WHEN, EVENT, RESOURCE, *arguments = sys.argv[1:]
    sys.argv = ["bundleops", *arguments]
    with mock.patch.object(Journal, "append", dying_append):
        main()
