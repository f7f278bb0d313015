"""One switch stops everything before its next change, and says who did it and how to go on."""

from __future__ import annotations

from pathlib import Path

import pytest

from operations.stop_switch import StopSwitch
from workspace.errors import StoppedError


def test_nothing_is_stopped_without_the_switch(tmp_path: Path) -> None:
    StopSwitch(tmp_path).require_off("bundleops operate --resume x")
    assert StopSwitch(tmp_path).state() is None


def test_the_refusal_names_who_why_and_how_to_go_on(tmp_path: Path) -> None:
    StopSwitch(tmp_path).stop("ann on host", "month end")
    with pytest.raises(StoppedError, match=r"by ann on host at .* UTC: month end\. .*--lift`, then `bundleops operate"):
        StopSwitch(tmp_path).require_off("bundleops operate --resume x")


def test_lifting_lets_operations_go_on(tmp_path: Path) -> None:
    switch = StopSwitch(tmp_path)
    switch.stop("ann", "")
    assert [switch.lift(), switch.lift()] == [True, False]
    switch.require_off("")


@pytest.mark.parametrize("content", [b"", b"stop it all", b"\xff\xfe", b"{}"])
def test_a_file_that_was_made_by_hand_stops_as_well(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "STOP").write_bytes(content)
    with pytest.raises(StoppedError, match="by somebody"):
        StopSwitch(tmp_path).require_off("")


def test_a_secret_in_the_reason_is_not_kept(tmp_path: Path) -> None:
    StopSwitch(tmp_path).stop("ann", "leaked dapi0123456789abcdef0123456789abcdef")
    assert b"0123456789abcdef" not in (tmp_path / "STOP").read_bytes()
