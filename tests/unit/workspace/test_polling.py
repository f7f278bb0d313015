from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from workspace.errors import HostUnreachableError, RunTimeoutError, WorkspaceRequestError
from workspace.services.polling import Growth, Look, wait_until_end

MINUTE = timedelta(minutes=1)


def looks(*found: str | Exception) -> Iterator[Look[str]]:
    for one in found:
        if isinstance(one, Exception):
            raise one
        yield Look(state=one, end=one if one == "END" else None)


def no_sleep(_seconds: float) -> None:
    """Do not wait."""


def test_what_has_ended_already_is_not_waited_for() -> None:
    pauses: list[float] = []
    assert wait_until_end(looks("END").__next__, what="w", timeout=MINUTE, sleep=pauses.append) == "END"
    assert pauses == []


def test_pauses_grow_to_the_longest_one() -> None:
    pauses: list[float] = []
    found = looks(*["A"] * 6, "END")
    wait_until_end(found.__next__, what="w", timeout=MINUTE, sleep=pauses.append, growth=Growth(1, 4, 2))
    assert pauses == [1, 2, 4, 4, 4, 4]


@pytest.mark.parametrize("fault", [HostUnreachableError("gone"), WorkspaceRequestError("busy", transient=True)])
def test_a_passing_fault_is_survived(fault: Exception) -> None:
    answers: list[Look[str] | Exception] = [Look("A"), fault, Look("B", end="END")]

    def look() -> Look[str]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert wait_until_end(look, what="w", timeout=MINUTE, sleep=no_sleep) == "END"


def test_a_fault_that_does_not_pass_ends_the_wait() -> None:
    found = looks(WorkspaceRequestError("forbidden"))
    with pytest.raises(WorkspaceRequestError, match="forbidden"):
        wait_until_end(found.__next__, what="w", timeout=MINUTE, sleep=no_sleep)


def test_faults_alone_do_not_outlast_the_time_limit() -> None:
    def look() -> Look[str]:
        raise HostUnreachableError("gone")

    with pytest.raises(RunTimeoutError, match=r"The run has not ended within 1 min.*gone"):
        wait_until_end(look, what="The run", timeout=MINUTE, sleep=no_sleep)
