from __future__ import annotations

from typing import Any


def test_operations_are_stopped_and_let_go_on(bundleops: Any) -> None:
    assert bundleops("stop", "month end").stdout.endswith("month end. To go on: bundleops stop --lift\n")
    assert ": month end." in bundleops("stop", "--status").stdout
    assert bundleops("stop", "--lift").stdout == "Operations may go on; resume those that were stopped.\n"
    assert bundleops("stop", "--status").stdout == "Operations are not stopped.\n"


def test_lifting_what_nobody_stopped_says_so(bundleops: Any) -> None:
    assert bundleops("stop", "--lift").stdout == "Nothing was stopped.\n"


def test_a_contradiction_is_refused(bundleops: Any) -> None:
    end = bundleops("stop", "now", "--lift")
    assert (end.exit_code, "neither a reason nor --status" in end.stderr) == (2, True)
