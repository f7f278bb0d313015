"""`bundleops destroy` has no way past a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import Call


@pytest.mark.parametrize("option", ["--yes", "-y", "--force", "--auto-approve", "--force-lock"])
def test_no_option_stands_in_for_an_answer(bundleops: Call, option: str) -> None:
    end = bundleops("destroy", "some-bundle", option)
    assert end.exit_code == 2
    assert "No such option" in end.stderr


@pytest.mark.parametrize("arguments", [(), ("some-bundle", "--resume", "20260101-000000-abcd")])
def test_either_a_bundle_or_an_operation_is_named(bundleops: Call, arguments: tuple[str, ...]) -> None:
    end = bundleops("destroy", *arguments)
    assert (end.exit_code, "Name either a bundle, or an operation" in end.stderr) == (2, True)


def test_a_resumed_operation_keeps_its_target(bundleops: Call) -> None:
    end = bundleops("destroy", "--resume", "20260101-000000-abcd", "-t", "prod")
    assert (end.exit_code, "with its own target" in end.stderr) == (2, True)
