"""Why a task cannot do its work, before any of it was done."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.records import RunState


@dataclass(frozen=True)
class RefusedError(Exception):
    """The task ends with this message and termination code."""

    message: str
    code: str

    def state(self) -> RunState:
        """State of the task run that was refused."""
        return RunState(
            life_cycle_state="INTERNAL_ERROR", result_state="FAILED", state_message=self.message, code=self.code
        )


def unsupported(what: str) -> RefusedError:
    """Something that a workspace does and the sandbox does not."""
    return RefusedError(f"SANDBOX_UNSUPPORTED: the sandbox does not run {what}.", "INVALID_RUN_CONFIGURATION")
