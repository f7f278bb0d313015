"""What ended an operation is told by its error, also where another error came on top of it."""

from __future__ import annotations

import signal

import pytest
from prefect.exceptions import TerminationSignal

from tasks.hold_operation import end_of
from workspace.errors import SetupError


def stumbled(signal_error: BaseException) -> BaseException:
    """The error of Prefect's engine when a signal hits it before a task run has begun."""
    try:
        try:
            raise signal_error
        finally:
            raise ValueError("Task run is not set")
    except ValueError as error:
        return error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), TerminationSignal(signal=signal.SIGTERM)])
def test_a_signal_is_an_interruption_also_where_prefect_stumbled_over_it(error: BaseException) -> None:
    assert end_of(error, None)[:2] == ("interrupted", 130)
    assert end_of(stumbled(error), None)[:2] == ("interrupted", 130)


def test_an_expected_error_ends_with_its_own_code_and_words() -> None:
    assert end_of(SetupError("no host"), None) == ("failed", 5, "no host")


def test_any_other_error_is_called_a_defect() -> None:
    verdict, exit_code, reason = end_of(ValueError("x"), None)
    assert (verdict, exit_code, "defect of bundleops" in reason) == ("failed", 1, True)
